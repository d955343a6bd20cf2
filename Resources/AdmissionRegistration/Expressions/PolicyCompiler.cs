using k8s.Models;
using OrleansOrchestrator.Cel;
using OrleansOrchestrator.Cel.Libraries;
using OrleansOrchestrator.Cel.Types;

namespace OrleansOrchestrator.Resources.AdmissionRegistration.Expressions;

/// <summary>
/// Compiles the expressions of one policy. Each variable sees those before it; everything else sees all of them, but
/// conditions, which decide whether the policy is asked at all.
/// </summary>
public sealed class PolicyCompiler
{
    /// <summary>The name of the type of objects that mutations make, and of the types in it.</summary>
    private const string OpenRoot = "Object";

    private const string VariablesType = "kubernetes.variables";

    private static readonly CelType[] OneOfText = [CelType.String, CelType.Null];
    private static readonly CelType Applied = CelType.Object(OpenRoot);
    private static readonly CelType Patches = CelType.List(CelType.Object("JSONPatch"));

    private readonly Dictionary<string, CelSchemaField> _fields = new(StringComparer.Ordinal);
    private readonly Dictionary<string, AdmissionExpression> _variables = new(StringComparer.Ordinal);
    private readonly CelEnvironment _plain;
    private readonly CelEnvironment _withoutAuthorizer;
    private readonly bool _hasVariables;
    private CelEnvironment? _environment;
    private CelEnvironment? _silent;
    private CelEnvironment? _mutating;

    /// <param name="hasParams">The policy says what parameterizes it.</param>
    /// <param name="hasVariables">It has variables, which the first of them cannot read yet.</param>
    public PolicyCompiler(bool hasParams, bool hasVariables)
        : this(
            hasParams ? AdmissionVariables.Parameterized : AdmissionVariables.Plain,
            hasParams ? AdmissionVariables.SilentParameterized : AdmissionVariables.Silent, hasVariables)
    {
    }

    private PolicyCompiler(CelEnvironment plain, CelEnvironment withoutAuthorizer, bool hasVariables) =>
        (_plain, _withoutAuthorizer, _hasVariables) = (plain, withoutAuthorizer, hasVariables);

    /// <summary>For conditions of webhooks, which have neither.</summary>
    public static PolicyCompiler OfConditions { get; } = new(hasParams: false, hasVariables: false);

    /// <summary>An environment with variables, as far as they compile in it.</summary>
    public static CelEnvironment WithVariables(CelEnvironment environment, IEnumerable<V1Variable> variables)
    {
        var compiler = new PolicyCompiler(environment, environment, hasVariables: true);
        foreach (var variable in variables)
        {
            compiler.AddVariable(variable);
        }

        return compiler.Environment;
    }

    /// <summary>The variables by their names; of equal names the last.</summary>
    public IReadOnlyDictionary<string, AdmissionExpression> Variables => _variables;

    /// <summary>What conditions may read.</summary>
    public CelEnvironment Plain => _plain;

    /// <summary>What everything else may read, with the variables added so far.</summary>
    public CelEnvironment Environment => _environment ??= WithVariables(Plain);

    /// <summary>What messages may read.</summary>
    public CelEnvironment Silent => _silent ??= WithVariables(_withoutAuthorizer);

    /// <summary>Compiles a variable; what follows may read it.</summary>
    public AdmissionExpression AddVariable(V1Variable variable)
    {
        var (name, compiled) = (variable.Name ?? "", AdmissionExpression.Compile(Environment, variable.Expression));
        _variables[name] = compiled;
        _fields[name] = new CelSchemaField(
            name, compiled.Program is { } program ? Kept(program.ResultType) : CelSchema.Dyn);
        return compiled;
    }

    /// <summary>Whether the policy is asked about a write.</summary>
    public AdmissionExpression Condition(string text) => AdmissionExpression.Compile(Plain, text, CelType.Bool);

    /// <summary>Whether a write is as it is to be.</summary>
    public AdmissionExpression Validation(string text) => AdmissionExpression.Compile(Environment, text, CelType.Bool);

    /// <summary>What is wrong with a write.</summary>
    public AdmissionExpression Message(string text) => AdmissionExpression.Compile(Silent, text, CelType.String);

    /// <summary>What the audit log says of a write.</summary>
    public AdmissionExpression AuditValue(string text) => AdmissionExpression.Compile(Environment, text, OneOfText);

    /// <summary>The object as it is to be, in part.</summary>
    public AdmissionExpression ApplyConfiguration(string text) => AdmissionExpression.Compile(Mutating, text, Applied);

    /// <summary>What is to be done to an object.</summary>
    public AdmissionExpression JsonPatch(string text) => AdmissionExpression.Compile(Mutating, text, Patches);

    private CelEnvironment Mutating =>
        _mutating ??= Environment.With(PatchLibrary.Library).WithOpenObjects(OpenRoot);

    /// <summary>Policies without variables have no variable of that name.</summary>
    private CelEnvironment WithVariables(CelEnvironment environment) => _hasVariables
        ? environment.WithVariable(
            AdmissionVariables.Variables, CelSchema.GrowingObject(VariablesType, _fields))
        : environment;

    /// <summary>What is known of a variable's type afterwards: scalars, and lists and maps of them.</summary>
    private static CelSchema Kept(CelType type) => type.Kind switch
    {
        CelTypeKind.List => CelSchema.List(Kept(type.Parameters[0])),
        CelTypeKind.Map => CelSchema.Map(Kept(type.Parameters[0]), Kept(type.Parameters[1])),
        CelTypeKind.Opaque or CelTypeKind.Object or CelTypeKind.Type => CelSchema.Dyn,
        _ => new CelSchema(type),
    };
}
