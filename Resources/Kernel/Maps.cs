using System.Runtime.CompilerServices;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Maps that hold the same, in whatever order; one that is missing is as good as an empty one.</summary>
public static class Maps
{
    public static bool Same<T>(IDictionary<string, T>? left, IDictionary<string, T>? right) =>
        Same(ReadOnly(left), ReadOnly(right));

    /// <inheritdoc cref="Same{T}(IDictionary{string, T}?, IDictionary{string, T}?)"/>
    [OverloadResolutionPriority(1)]
    public static bool Same<T>(IReadOnlyDictionary<string, T>? left, IReadOnlyDictionary<string, T>? right)
    {
        if ((left?.Count ?? 0) != (right?.Count ?? 0))
        {
            return false;
        }

        if (left is not null && right is not null && !ReferenceEquals(left, right))
        {
            foreach (var (key, value) in left)
            {
                if (!right.TryGetValue(key, out var other) || !EqualityComparer<T>.Default.Equals(value, other))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>Most maps are both, and are looked at as they are.</summary>
    private static IReadOnlyDictionary<string, T>? ReadOnly<T>(IDictionary<string, T>? map) =>
        map as IReadOnlyDictionary<string, T> ?? map?.AsReadOnly();
}
