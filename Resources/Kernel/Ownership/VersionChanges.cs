namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>What a write changes, as each version shows it that some owner's fields are of.</summary>
/// <param name="live">The object before.</param>
/// <param name="next">The object after, in the same version.</param>
/// <param name="ownership">Which versions there are, and what a write in them owns.</param>
internal sealed class VersionChanges(OwnedVersion live, OwnedVersion next, FieldOwnership ownership)
{
    private readonly Dictionary<string, FieldChanges?> _known = new(StringComparer.Ordinal);

    /// <summary>Some version's objects can't be compared.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Null when there is no such version any more.</summary>
    public FieldChanges? In(string apiVersion)
    {
        if (!_known.TryGetValue(apiVersion, out var result))
        {
            result = Compare(apiVersion);
            _known.Add(apiVersion, result);
        }

        return result;
    }

    private FieldChanges? Compare(string apiVersion)
    {
        if (ownership.InVersion(live, apiVersion) is not { } before
            || ownership.InVersion(next, apiVersion) is not { } after)
        {
            return null;
        }

        var changes = before.ChangesTo(after);
        HasFailed |= changes is null;
        return changes?.Where(ownership.FilterOf(apiVersion));
    }
}
