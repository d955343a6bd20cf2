using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// The persistent state of an object grain on <see cref="JournalGrainStorage"/>. A write goes in as <see cref="Next"/>;
/// afterwards either <see cref="Current"/> is the committed version or <see cref="Refusal"/> says why the journal
/// declined.
/// </summary>
[GenerateSerializer, Alias("orch.object-state")]
public sealed class ObjectState
{
    /// <summary>The newest version this grain knows; null when the object does not exist.</summary>
    [Id(0)]
    public ResourceObject? Current { get; set; }

    /// <summary>
    /// True once <see cref="Current"/> came from the journal. Activation does not read: a create needs nothing but the
    /// journal's check, and a store that is down must surface as its own exception, not as a failed activation.
    /// </summary>
    [Id(1)]
    public bool IsLoaded { get; set; }

    /// <summary>
    /// Set by the grain before it asks for a read; a read without it is the one of activation, which is skipped.
    /// </summary>
    [field: NonSerialized]
    internal bool WantsRead { get; set; }

    /// <summary>The write that the next WriteStateAsync commits.</summary>
    [field: NonSerialized]
    internal ObjectWrite? Next { get; set; }

    /// <summary>The answer to the last write.</summary>
    [field: NonSerialized]
    internal Outcome<ResourceObject> Answer { get; set; }
}
