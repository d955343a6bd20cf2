using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;

/// <summary>All versions of a custom kind, seen from one of them.</summary>
/// <param name="Shown">That one.</param>
/// <param name="Storage">The one in which objects are stored from now on.</param>
/// <param name="All">All by their group and version: objects may be stored in any of them.</param>
public sealed record ConvertedVersions(
    ConvertedVersion Shown, ConvertedVersion Storage, IReadOnlyDictionary<string, ConvertedVersion> All)
{
    /// <summary>What a stored object is by now, in the version that it is stored in.</summary>
    public CustomObject Read(CustomObject stored) =>
        (All.TryGetValue(stored.ApiVersion ?? "", out var version) ? version : Storage).Read(stored);
}
