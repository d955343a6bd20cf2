using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Tests;

/// <summary>What only tests that walk models by reflection want to know of a definition.</summary>
internal static class DefinitionModels
{
    /// <summary>The class that the objects have in memory, for example <c>V1Pod</c>.</summary>
    public static Type Model(this ResourceDefinition definition) =>
        definition.Codec.Decode("{}"u8.ToArray()).GetType();
}
