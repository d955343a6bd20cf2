using Xunit;

namespace OrleansOrchestrator.Golden.Control;

/// <summary>Scenarios of controllers have clocks: nothing else of this project runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ControlCollection
{
    public const string Name = "Control";
}
