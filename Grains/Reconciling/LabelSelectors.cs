using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>What controllers ask of selectors, beyond matching.</summary>
public static class LabelSelectors
{
    /// <summary>True if every pair is among the labels; no pairs select everything.</summary>
    public static bool SelectsExactly(IDictionary<string, string> pairs, IReadOnlyDictionary<string, string> labels)
    {
        foreach (var (key, value) in pairs)
        {
            if (!labels.TryGetValue(key, out var actual) || actual != value)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>True if the selector has no requirement at all.</summary>
    public static bool IsEmpty(V1LabelSelector? selector) =>
        selector is null || (selector.MatchLabels is not { Count: > 0 } && selector.MatchExpressions is not { Count: > 0 });
}

/// <summary>
/// Finds the selectors that match given labels without trying all: a selector is filed under one of the pairs that it
/// demands.
/// </summary>
/// <param name="filesEmpty">An empty selector selects everything in its namespace; otherwise it selects
/// nothing.</param>
public sealed class SelectorIndex(bool filesEmpty = false)
{
    private readonly Dictionary<(string Namespace, string Label, string Value), Dictionary<ObjectKey, LabelSelector>> _byPair = [];
    private readonly Dictionary<ObjectKey, (string Namespace, string Label, string Value)> _filedUnder = [];

    /// <summary>Files or re-files a selector; null removes it.</summary>
    public void Set(ObjectKey key, V1LabelSelector? selector)
    {
        if (_filedUnder.Remove(key, out var old) && _byPair.TryGetValue(old, out var bucket))
        {
            bucket.Remove(key);
            if (bucket.Count == 0)
            {
                _byPair.Remove(old);
            }
        }

        if (selector is null || (!filesEmpty && LabelSelectors.IsEmpty(selector)))
        {
            return;
        }

        var pair = (key.Namespace, "", "");
        if (selector.MatchLabels is { Count: > 0 } exact)
        {
            var first = exact.MinBy(p => p.Key, StringComparer.Ordinal);
            pair = (key.Namespace, first.Key, first.Value);
        }

        if (!_byPair.TryGetValue(pair, out var target))
        {
            _byPair[pair] = target = [];
        }

        target[key] = LabelSelector.Of(selector);
        _filedUnder[key] = pair;
    }

    /// <summary>Adds the keys of all selectors of the namespace that select the labels.</summary>
    public void Find(string inNamespace, IReadOnlyDictionary<string, string> labels, ICollection<ObjectKey> found)
    {
        FindIn((inNamespace, "", ""), labels, found);
        foreach (var (label, value) in labels)
        {
            FindIn((inNamespace, label, value), labels, found);
        }
    }

    private void FindIn(
        (string, string, string) pair, IReadOnlyDictionary<string, string> labels, ICollection<ObjectKey> found)
    {
        if (!_byPair.TryGetValue(pair, out var bucket))
        {
            return;
        }

        foreach (var (key, selector) in bucket)
        {
            if (selector.Matches(labels))
            {
                found.Add(key);
            }
        }
    }
}
