using OrleansOrchestrator.Cel.Functions;
using OrleansOrchestrator.Cel.Syntax;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel;

/// <summary>Functions, macros and types that an environment gets together.</summary>
public sealed class CelLibrary
{
    /// <summary>The functions; those of a name the environment has are added to its forms.</summary>
    public IReadOnlyList<CelFunction> Functions { get; init; } = [];

    /// <summary>Types that expressions may name.</summary>
    public IReadOnlyList<CelType> Types { get; init; } = [];

    /// <summary>Types with fields that expressions may make.</summary>
    public IReadOnlyList<CelSchema> Objects { get; init; } = [];

    /// <summary>Constants by their names.</summary>
    public IReadOnlyDictionary<string, CelValue> Constants { get; init; } = new Dictionary<string, CelValue>();

    internal IReadOnlyList<Macro> Macros { get; init; } = [];

    /// <summary>Whether <c>a.?b</c>, <c>a[?b]</c> and <c>[?a]</c> are read.</summary>
    internal bool HasOptionals { get; init; }
}
