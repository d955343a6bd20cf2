using System.Globalization;
using k8s.Models;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary><c>spec.nodeSelector</c> and <c>requiredDuringSchedulingIgnoredDuringExecution</c> together.</summary>
/// <param name="Labels">All must be on the node.</param>
/// <param name="Terms">One must match; null when no required affinity is given (an empty list matches nothing).</param>
public sealed record NodeSelection(
    KeyValuePair<string, string>[] Labels, NodeSelectorTerm[]? Terms)
{
    /// <summary>
    /// Names that the terms confine the pod to: null when some term allows any name, empty when the terms contradict
    /// themselves.
    /// </summary>
    public HashSet<string>? ConfinedTo { get; } = NamesOf(Terms);

    public bool Matches(NodeInfo node)
    {
        foreach (var (key, value) in Labels)
        {
            if (!node.Labels.TryGetValue(key, out var actual)
                || !string.Equals(actual, value, StringComparison.Ordinal))
            {
                return false;
            }
        }

        return Terms is null || AnyMatches(Terms, node);
    }

    private static HashSet<string>? NamesOf(NodeSelectorTerm[]? terms)
    {
        if (terms is null || terms.Length == 0)
        {
            return null;
        }

        var all = new HashSet<string>(StringComparer.Ordinal);
        foreach (var term in terms)
        {
            if (term.ConfinedTo() is not { } names)
            {
                return null;
            }

            all.UnionWith(names);
        }

        return all;
    }

    private static bool AnyMatches(NodeSelectorTerm[] terms, NodeInfo node)
    {
        foreach (var term in terms)
        {
            if (term.Matches(node))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>Requirements on labels and fields, all of which must hold; a term without any matches nothing.</summary>
public sealed record NodeSelectorTerm(NodeRequirement[] Labels, NodeRequirement[] Fields)
{
    private const string NameField = "metadata.name";

    /// <summary>It names a node that <see cref="PodReader"/> has left out, for it is the pod's own.</summary>
    public bool IsOfOnlyNode => Labels.Length == 0
        && Fields is [{ Key: NameField, Operator: NodeOperator.In, Values: [""] }];

    public static NodeSelectorTerm Of(V1NodeSelectorTerm term) => new(
        [.. (term.MatchExpressions ?? []).Select(NodeRequirement.Of)],
        [.. (term.MatchFields ?? []).Select(NodeRequirement.Of)]);

    public bool Matches(NodeInfo node) => Matches(node.Name, node.Labels);

    /// <param name="node">The name of a node.</param>
    /// <param name="labels">Its labels.</param>
    public bool Matches(string node, IReadOnlyDictionary<string, string> labels)
    {
        if (Labels.Length == 0 && Fields.Length == 0)
        {
            return false;
        }

        foreach (var requirement in Labels)
        {
            if (!requirement.Matches(labels.GetValueOrDefault(requirement.Key)))
            {
                return false;
            }
        }

        foreach (var requirement in Fields)
        {
            if (requirement.Key != NameField || !requirement.Matches(node))
            {
                return false;
            }
        }

        return true;
    }

    internal HashSet<string>? ConfinedTo()
    {
        HashSet<string>? names = null;
        foreach (var requirement in Fields)
        {
            if (requirement is not { Key: NameField, Operator: NodeOperator.In })
            {
                continue;
            }

            if (names is null)
            {
                names = new HashSet<string>(requirement.Values, StringComparer.Ordinal);
            }
            else
            {
                names.IntersectWith(requirement.Values);
            }
        }

        return names;
    }
}

/// <summary>A preferred term; a node that matches gains the weight.</summary>
public sealed record PreferredTerm(int Weight, NodeSelectorTerm Term);

/// <summary><c>NodeSelectorRequirement</c>'s operators; <see cref="Invalid"/> never matches.</summary>
public enum NodeOperator
{
    Invalid,
    In,
    NotIn,
    Exists,
    DoesNotExist,
    Gt,
    Lt,
}

/// <summary>One requirement on a label or field.</summary>
public sealed record NodeRequirement(string Key, NodeOperator Operator, string[] Values)
{
    public static NodeRequirement Of(V1NodeSelectorRequirement item) => new(
        item.Key,
        Enum.TryParse<NodeOperator>(item.OperatorProperty, out var known) ? known : NodeOperator.Invalid,
        [.. item.Values ?? []]);

    /// <param name="actual">The value on the node; null when it has none.</param>
    public bool Matches(string? actual) => Operator switch
    {
        NodeOperator.In => actual is not null && Contains(actual),
        NodeOperator.NotIn => actual is null || !Contains(actual),
        NodeOperator.Exists => actual is not null,
        NodeOperator.DoesNotExist => actual is null,
        NodeOperator.Gt => Compare(actual) > 0,
        NodeOperator.Lt => Compare(actual) < 0,
        _ => false,
    };

    private bool Contains(string actual)
    {
        foreach (var value in Values)
        {
            if (string.Equals(value, actual, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>0 when either side is not an integer, which satisfies neither Gt nor Lt.</summary>
    private int Compare(string? actual) =>
        Values.Length == 1
        && long.TryParse(actual, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var left)
        && long.TryParse(Values[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var right)
            ? left.CompareTo(right)
            : 0;
}
