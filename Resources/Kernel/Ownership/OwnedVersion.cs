using System.Text.Json;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>An object in a form that need not be written to be compared.</summary>
internal interface IOwnedContent
{
    /// <summary>The object; its managedFields do not count.</summary>
    ReadOnlyMemory<byte> Encode();

    /// <summary>What changes with the next version; null when only the JSON of both tells.</summary>
    FieldChanges? ChangesTo(IOwnedContent next);
}

/// <summary>An object as one version of its kind shows it.</summary>
public sealed record OwnedVersion
{
    private readonly IOwnedContent? _content;
    private ReadOnlyMemory<byte> _json;

    /// <param name="apiVersion">For example <c>apps/v1</c>.</param>
    /// <param name="schema">What it looks like there.</param>
    /// <param name="json">The object; its managedFields do not count.</param>
    public OwnedVersion(string apiVersion, ObjectSchema schema, ReadOnlyMemory<byte> json)
    {
        (ApiVersion, Schema, _json) = (apiVersion, schema, json);
    }

    internal OwnedVersion(string apiVersion, ObjectSchema schema, IOwnedContent content)
    {
        (ApiVersion, Schema, _content) = (apiVersion, schema, content);
    }

    public string ApiVersion { get; }

    public ObjectSchema Schema { get; }

    /// <summary>The object; its managedFields do not count.</summary>
    public ReadOnlyMemory<byte> Json
    {
        get => _json.IsEmpty && _content is not null ? _json = _content.Encode() : _json;
        init => (_json, _content) = (value, null);
    }

    internal OwnedType Type => OwnedType.Of(Schema);

    /// <summary>The fields that the object has.</summary>
    internal FieldSet Fields()
    {
        using var document = Parse();
        return TypedFields.Of(document.RootElement, Type);
    }

    /// <summary>The object without some of its fields.</summary>
    internal OwnedVersion Without(FieldSet removed)
    {
        using var document = Parse();
        return this with { Json = TypedPruning.Without(document.RootElement, removed, Type) };
    }

    /// <summary>The object with a configuration applied to it.</summary>
    internal OwnedVersion Merge(JsonElement applied)
    {
        using var document = Parse();
        return this with { Json = TypedMerge.Of(document.RootElement, applied, Type) };
    }

    /// <summary>
    /// The object with parts of it set that will belong to nobody; null, and why, when they do not fit. What has one
    /// owner for all of it is not set in parts.
    /// </summary>
    public OwnedVersion? MergeParts(JsonElement parts, out string? error)
    {
        if (TypedValidation.Find(parts, Type) is { } misfit)
        {
            error = $"failed to convert patch object to typed object: {misfit}";
            return null;
        }

        var atomics = TypedAtomics.Find(parts, Type);
        error = atomics.Count == 0
            ? null
            : "invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: "
                + string.Join(", ", atomics);
        return error is null ? Merge(parts) : null;
    }

    /// <summary>What changes with the next version; null when that can't be told.</summary>
    internal FieldChanges? ChangesTo(OwnedVersion next)
    {
        if (_content is not null && next._content is not null && _content.ChangesTo(next._content) is { } known)
        {
            return known;
        }

        if (Json.Span.SequenceEqual(next.Json.Span))
        {
            return FieldChanges.None;
        }

        using var left = Parse();
        using var right = next.Parse();
        return FieldChanges.Between(left.RootElement, right.RootElement, Type);
    }

    internal bool IsEqualTo(OwnedVersion other)
    {
        if (Json.Span.SequenceEqual(other.Json.Span))
        {
            return true;
        }

        using var left = Parse();
        using var right = other.Parse();
        return JsonElement.DeepEquals(left.RootElement, right.RootElement);
    }

    internal JsonDocument Parse() => TypedJson.Parse(Json);
}
