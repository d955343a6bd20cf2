using OrleansOrchestrator.Interfaces.Core.Nodes;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>Directories of nodes, in memory.</summary>
internal sealed class MemoryNodeVolumes : INodeVolumes
{
    /// <summary>What is there, as <c>node/volume</c>.</summary>
    public HashSet<string> Directories { get; } = new(StringComparer.Ordinal);

    /// <summary>What every node answers instead of doing anything.</summary>
    public Status? Refusal { get; set; }

    public ValueTask<Outcome<string>> MakeAsync(string node, string volume, CancellationToken cancellationToken) =>
        Answer(node, volume, () => Directories.Add($"{node}/{volume}"));

    public ValueTask<Outcome<string>> RemoveAsync(string node, string volume, CancellationToken cancellationToken) =>
        Answer(node, volume, () => Directories.Remove($"{node}/{volume}"));

    private ValueTask<Outcome<string>> Answer(string node, string volume, Func<bool> act)
    {
        if (Refusal is { } refusal)
        {
            return new(refusal);
        }

        act();
        return new($"/{node}/{volume}");
    }
}
