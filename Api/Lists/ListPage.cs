using System.Globalization;
using System.Text;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Lists;

/// <summary>What a list answers: references to committed objects, and the list's metadata.</summary>
/// <param name="Revision">The revision of the list.</param>
/// <param name="Items">In key order.</param>
/// <param name="Continue">Token of the next page; empty on the last.</param>
/// <param name="Remaining">How many objects follow; null when unknown or none.</param>
public sealed record ListPage(long Revision, IReadOnlyList<ResourceObject> Items, string Continue, long? Remaining)
{
    /// <summary>The first of the items that cannot be read: then there is no list.</summary>
    public ResourceObject? Unreadable { get; private init; }

    /// <summary>Takes the page of a position, when the selection has asked what it has to.</summary>
    public static async ValueTask<ListPage> TakeAsync(
        ListPosition position, ObjectSelection selection, LongWork work, CancellationToken cancellationToken)
    {
        await selection.ReadyAsync(position.View.All(selection.Namespace), cancellationToken);
        var items = new List<ResourceObject>();
        ResourceObject? unreadable = null;
        if (position.Inclusive is { } first && position.View.Get(first) is { } item)
        {
            Look(item);
        }

        var seen = 0;
        foreach (var next in position.View.Candidates(selection, position.After))
        {
            if (++seen % LongWork.SliceObjects == 0)
            {
                await work.NextAsync(cancellationToken);
            }

            if (position.Limit > 0 && items.Count == position.Limit)
            {
                break;
            }

            Look(next);
        }

        work.Leave();
        return Finish(position, selection, items) with { Unreadable = unreadable };

        void Look(ResourceObject candidate)
        {
            if (selection.Matches(candidate))
            {
                items.Add(candidate);
                unreadable ??= candidate.Stored?.Problem is null ? null : candidate;
            }
        }
    }

    /// <summary>The list in JSON up to its items.</summary>
    public byte[] Head(string kind, string apiVersion) => Encoding.UTF8.GetBytes(
        $"{{\"kind\":\"{kind}\",\"apiVersion\":\"{apiVersion}\",\"metadata\":{Metadata()},\"items\":");

    /// <summary>The list of a resource up to its items, and what follows them.</summary>
    public (byte[] Head, byte[] Tail) Frame(ResourceDefinition definition)
    {
        var (kind, apiVersion) = (definition.Of.ListKind, definition.ApiVersion);
        if (!definition.Of.IsCustom)
        {
            return (Head(kind, apiVersion), "}"u8.ToArray());
        }

        // As Go writes maps: by name, and nothing is left out.
        var remaining = Remaining is { } count ? $"\"remainingItemCount\":{count}," : "";
        return (
            Encoding.UTF8.GetBytes($"{{\"apiVersion\":\"{apiVersion}\",\"items\":"),
            Encoding.UTF8.GetBytes(
                $",\"kind\":\"{kind}\",\"metadata\":{{\"continue\":\"{Continue}\",{remaining}"
                + $"\"resourceVersion\":\"{Revision}\"}}}}"));
    }

    /// <summary>The whole list in JSON.</summary>
    public byte[] ToJson(ResourceDefinition definition)
    {
        var (head, tail) = Frame(definition);
        using var json = new MemoryStream(head.Length + Items.Sum(static i => i.Json.Length + 1) + tail.Length + 2);
        json.Write(head);
        json.WriteByte((byte)'[');
        for (var i = 0; i < Items.Count; i++)
        {
            if (i > 0)
            {
                json.WriteByte((byte)',');
            }

            json.Write(Items[i].Json.Span);
        }

        json.WriteByte((byte)']');
        json.Write(tail);
        return json.ToArray();
    }

    /// <summary>The list's metadata in JSON.</summary>
    public string Metadata()
    {
        if (Revision == 0)
        {
            // What is stored nowhere has no revision.
            return "{}";
        }

        var text = new StringBuilder(160).Append(
            CultureInfo.InvariantCulture, $"{{\"resourceVersion\":\"{Revision}\"");
        if (Continue.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $",\"continue\":\"{Continue}\"");
        }

        if (Remaining is { } remaining)
        {
            text.Append(CultureInfo.InvariantCulture, $",\"remainingItemCount\":{remaining}");
        }

        return text.Append('}').ToString();
    }

    /// <summary>The page with its objects as the resource shows them.</summary>
    public async ValueTask<ListPage> ShownAsync(ResourceDefinition definition, CancellationToken cancellationToken) =>
        this with { Items = [.. await definition.ShowAsync(Items, cancellationToken)] };

    /// <summary>
    /// A full page has a successor when any object of the range follows, selected or not: that is how upstream's
    /// storage pages, and clients must expect empty last pages. The count is told only without selectors, where it is
    /// exact.
    /// </summary>
    private static ListPage Finish(ListPosition position, ObjectSelection selection, List<ResourceObject> items)
    {
        if (position.Limit == 0 || items.Count < position.Limit)
        {
            return new ListPage(position.View.Revision, items, "", null);
        }

        var last = items[^1].Key;
        var following = position.View.CountAfter(selection.Namespace, last);
        if (following == 0)
        {
            return new ListPage(position.View.Revision, items, "", null);
        }

        var token = ContinueToken.After(
            position.View.Revision, last, selection.AcrossNamespaces, position.Began).Encode();
        return new ListPage(position.View.Revision, items, token, selection.HasSelectors ? null : following);
    }
}
