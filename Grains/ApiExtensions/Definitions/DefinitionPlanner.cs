using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Resources.ApiExtensions.Definitions;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.ApiExtensions.Definitions;

/// <summary>
/// Which names of a definition are accepted: those that no other definition of its group has. Once all were, and nobody
/// else took one of them meanwhile, its kind is served, and stays so whatever names it asks for later.
/// </summary>
internal static class DefinitionPlanner
{
    private const string Installing = "Installing";
    private const string AllAccepted = "the initial names have been accepted";

    /// <summary>Brings the status in line with the names; true when that changed it.</summary>
    /// <param name="item">The definition, which is changed.</param>
    /// <param name="others">The other definitions.</param>
    /// <param name="now">The time.</param>
    public static bool Accept(
        V1CustomResourceDefinition item, IEnumerable<DefinitionFacts> others, DateTime now)
    {
        item.Status ??= new V1CustomResourceDefinitionStatus();
        var before = ResourceCodec.Encode(item.Status);

        // A name that the definition has itself is taken too, when it asks for it as another one.
        var group = others.Where(o => o.Group == item.Spec.Group).Append(DefinitionFacts.Of(item));
        var conflict = AcceptNames(item, Taken.By(group));
        DefinitionConditions.Set(
            item,
            conflict is var (reason, message)
                ? DefinitionConditions.Of(DefinitionConditions.NamesAccepted, false, reason, message)
                : DefinitionConditions.Of(
                    DefinitionConditions.NamesAccepted, true, "NoConflicts", "no conflicts found"),
            now);
        if (!DefinitionConditions.IsTrue(item, DefinitionConditions.Established))
        {
            DefinitionConditions.Set(
                item,
                conflict is not null
                    ? DefinitionConditions.Of(
                        DefinitionConditions.Established, false, "NotAccepted", "not all names are accepted")
                : ConversionRules.HasInvalidBundle(item)
                    ? DefinitionConditions.Of(
                        DefinitionConditions.Established, false, "InvalidCABundle",
                        "The conversion webhook CABundle is invalid")
                : DefinitionConditions.Of(
                    DefinitionConditions.Established, false, Installing, AllAccepted),
                now);
        }

        if (ApiApproval.Condition(item) is { } approval)
        {
            DefinitionConditions.Set(item, approval, now);
        }

        return !ResourceCodec.Encode(item.Status).AsSpan().SequenceEqual(before);
    }

    /// <summary>The definition has all its names, and is not served yet.</summary>
    public static bool IsInstalling(V1CustomResourceDefinition item) =>
        DefinitionConditions.Find(item, DefinitionConditions.Established)?.Reason == Installing;

    /// <summary>Accepts names, and lets the definition be served when it has all; true when that changed it.</summary>
    public static bool Establish(
        V1CustomResourceDefinition item, IEnumerable<DefinitionFacts> others, DateTime now)
    {
        var isAccepted = Accept(item, others, now);
        if (!IsInstalling(item))
        {
            return isAccepted;
        }

        DefinitionConditions.Set(
            item,
            DefinitionConditions.Of(DefinitionConditions.Established, true, "InitialNamesAccepted", AllAccepted), now);
        return true;
    }

    /// <summary>Lets go of all names, of which another one took some first, and takes those that are left.</summary>
    public static bool Withdraw(V1CustomResourceDefinition item, IEnumerable<DefinitionFacts> others, DateTime now)
    {
        if (DefinitionConditions.IsTrue(item, DefinitionConditions.Established))
        {
            return false;
        }

        item.Status ??= new V1CustomResourceDefinitionStatus();
        item.Status.AcceptedNames = new V1CustomResourceDefinitionNames();
        Accept(item, others, now);
        return true;
    }

    /// <summary>Takes over every name that is free; of conflicts the last is told, as upstream does.</summary>
    private static (string Reason, string Message)? AcceptNames(V1CustomResourceDefinition item, Taken taken)
    {
        var wanted = item.Spec.Names;
        var accepted = item.Status.AcceptedNames ??= new V1CustomResourceDefinitionNames();
        (string Reason, string Message)? conflict = null;
        accepted.Plural = Take(wanted.Plural, accepted.Plural, taken.Resources, "PluralConflict");
        accepted.Singular = Take(wanted.Singular, accepted.Singular, taken.Resources, "SingularConflict");
        var busy = (wanted.ShortNames ?? [])
            .Where(n => accepted.ShortNames?.Contains(n) != true && taken.Resources.Contains(n)).ToList();
        if (busy.Count == 0)
        {
            accepted.ShortNames = wanted.ShortNames;
        }
        else
        {
            conflict = ("ShortNamesConflict", GoErrors.Join(busy.Select(InUse))!);
        }

        accepted.Kind = Take(wanted.Kind, accepted.Kind, taken.Kinds, "KindConflict");
        accepted.ListKind = Take(wanted.ListKind, accepted.ListKind, taken.Kinds, "ListKindConflict");
        accepted.Categories = wanted.Categories;
        return conflict;

        string? Take(string? name, string? known, IReadOnlySet<string> others, string reason)
        {
            if (name == known || string.IsNullOrEmpty(name) || !others.Contains(name))
            {
                return name;
            }

            conflict = (reason, InUse(name));
            return known;
        }
    }

    private static string InUse(string name) => $"{GoText.Quote(name)} is already in use";

    private sealed record Taken(IReadOnlySet<string> Resources, IReadOnlySet<string> Kinds)
    {
        public static Taken By(IEnumerable<DefinitionFacts> others)
        {
            var resources = new HashSet<string>(StringComparer.Ordinal);
            var kinds = new HashSet<string>(StringComparer.Ordinal);
            foreach (var other in others)
            {
                resources.UnionWith(other.Resources);
                kinds.UnionWith(other.Kinds);
            }

            return new Taken(resources, kinds);
        }
    }
}
