using OrleansOrchestrator.Cel.Syntax;

namespace OrleansOrchestrator.Cel.Libraries;

/// <summary><c>cel.bind(name, value, result)</c>, which Kubernetes has in selectors of devices alone.</summary>
public static class BindingLibrary
{
    public static CelLibrary Library { get; } = new() { Macros = Macro.Bindings };
}
