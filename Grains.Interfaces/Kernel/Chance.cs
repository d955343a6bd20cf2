namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>
/// All that is left to chance where no test needs to repeat it: everything else takes a <see cref="Random"/> or an id
/// from its caller. The symbols behind this are banned elsewhere.
/// </summary>
#pragma warning disable RS0030 // This is the one place.
public static class Chance
{
    /// <summary>May be used by several threads.</summary>
    public static Random Source => Random.Shared;

    /// <summary>Names something once and for all: a version 4 UUID.</summary>
    public static Guid NewId() => Guid.NewGuid();
}
