using OrleansOrchestrator.Cel;
using OrleansOrchestrator.Cel.Libraries;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Resources.Expressions;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.DynamicResources;

/// <summary>
/// Expressions that select devices: what they may read of a device, how large that can be, and what is wrong with one.
/// </summary>
internal static class DeviceExpressions
{
    /// <summary>What the evaluation on one device may cost.</summary>
    public const ulong MaxCost = 1_000_000;

    private const long MaxDriverLength = 63;
    private const long MaxDomainLength = 63;
    private const long MaxIdentifierLength = 32;
    private const long MaxValueLength = 64;

    /// <summary>Attributes and capacities of a device together.</summary>
    private const long MaxEntries = 32;

    /// <summary>The libraries of all expressions, <c>cel.bind</c>, and the variable <c>device</c>.</summary>
    internal static readonly CelEnvironment Environment =
        KubernetesCel.Environment.With(BindingLibrary.Library).WithVariable("device", Device());

    /// <summary>Findings on an expression, in upstream's words.</summary>
    public static void Validate(string expression, FieldPath path, FieldErrors errors)
    {
        var (program, why) = Compile(expression);
        if (program is null)
        {
            errors.Invalid(path, expression, why);
        }
        else if (program.Fault is not null)
        {
            errors.InternalError(path, why);
        }
        else if (program.EstimateCost().Max > MaxCost)
        {
            errors.Forbidden(path, "too complex, exceeds cost limit");
        }
    }

    /// <summary>
    /// The program; or null and why the text is none, in upstream's words. One that cannot run comes with the reason.
    /// </summary>
    public static (CelProgram? Program, string WhyNot) Compile(string expression)
    {
        var (program, issues) = Environment.Compile(expression);
        return program is null ? (null, $"compilation failed: {issues}")
            : program.ResultType.Kind is CelTypeKind.Bool or CelTypeKind.Dyn
                ? (program, program.Fault is { } fault ? $"program instantiation failed: {fault}" : "")
            : (null, $"must evaluate to bool or the unknown type, not {program.ResultType}");
    }

    /// <summary>Attributes and capacities are by domain, and then by name.</summary>
    private static CelSchema Device() => CelSchema.Object(
        "kubernetes.DRADevice",
        [
            new("driver", Text(MaxDriverLength), IsRequired: true),
            new("allowMultipleAllocations", new CelSchema(CelType.Bool) { MaxElements = 1 }, IsRequired: true),
            new("attributes", ByName(new CelSchema(CelType.Dyn) { MaxElements = MaxValueLength }), IsRequired: true),
            new("capacity", ByName(new CelSchema(QuantityLibrary.QuantityType)), IsRequired: true),
        ]);

    private static CelSchema ByName(CelSchema value) => CelSchema.Map(
        Text(MaxDomainLength), CelSchema.Map(Text(MaxIdentifierLength), value, MaxEntries), MaxEntries);

    private static CelSchema Text(long maxLength) => new(CelType.String) { MaxElements = maxLength };
}
