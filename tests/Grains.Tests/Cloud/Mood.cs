namespace OrleansOrchestrator.Grains.Tests.Cloud;

/// <summary>What a <see cref="FakeCloud"/> does with a call.</summary>
internal enum Mood
{
    Honest,
    Failing,
    Throttling,

    /// <summary>Does it, and says that it failed.</summary>
    Lying,
}
