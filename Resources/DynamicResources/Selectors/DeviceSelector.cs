using OrleansOrchestrator.Cel;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Resources.DynamicResources.Selectors;

/// <summary>
/// A compiled expression that selects devices: <c>device.attributes['gpu.example.com'].model == 'a'</c>. May be used by
/// many threads.
/// </summary>
public sealed class DeviceSelector
{
    private readonly CelProgram _program;

    private DeviceSelector(CelProgram program) => _program = program;

    /// <summary>The selector; or null and why the text is none, in upstream's words.</summary>
    public static (DeviceSelector? Selector, string WhyNot) Compile(string expression)
    {
        var (program, why) = DeviceExpressions.Compile(expression);
        return (program is null || why.Length > 0 ? null : new DeviceSelector(program), why);
    }

    /// <summary>Whether it selects the device; an error when the expression fails on it.</summary>
    public (bool Matches, string? Error) Matches(DeviceView device)
    {
        var activation = DeviceExpressions.Environment.Activate().Set("device", device.Value);
        var value = _program.Evaluate(activation, DeviceExpressions.MaxCost).Value;
        return value.IsError ? (false, Explained(value.AsError.Message))
            : value.Kind != CelKind.Bool
                ? (false, $"CEL result of type {value.Type} could not be converted to bool: type conversion error " +
                    $"from '{value.Type}' to 'bool'")
            : (value.IsTrue, null);
    }

    private static string Explained(string error) => error.StartsWith("no such key:", StringComparison.Ordinal)
        ? $"{error}. Consider using CEL optional chaining (?), has() macro, or orValue() for optional fields"
        : error;
}
