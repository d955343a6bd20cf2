using OrleansOrchestrator.Cel;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Resources.Expressions;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth.Jwt;

/// <summary>What expressions about tokens and users may read (upstream's <c>authentication/cel</c>).</summary>
internal static class JwtExpressions
{
    public const string Claims = "claims";
    public const string User = "user";

    /// <summary>Those about tokens.</summary>
    public static CelEnvironment OfClaims { get; } = KubernetesCel.Environment.WithVariable(
        Claims, CelSchema.Map(new CelSchema(CelType.String), CelSchema.Dyn));

    /// <summary>A user, as expressions see one.</summary>
    public static CelSchema UserSchema { get; } = MakeUserSchema();

    /// <summary>Those about users.</summary>
    public static CelEnvironment OfUser { get; } = KubernetesCel.Environment.WithVariable(User, UserSchema);

    /// <summary>An expression about tokens, compiled; null when something is wrong with it, which is told.</summary>
    public static CelProgram? CompileOfClaims(string expression, FieldPath path, FieldErrors errors) =>
        Compile(OfClaims, expression, path, errors);

    /// <summary>An expression, compiled; null when something is wrong with it, which is told.</summary>
    public static CelProgram? Compile(
        CelEnvironment environment, string expression, FieldPath path, FieldErrors errors)
    {
        var (program, issues) = environment.Compile(expression);
        if (program is null)
        {
            errors.Invalid(path, expression, $"compilation failed: {issues}");
        }
        else if (program.Fault is { } fault)
        {
            errors.InternalError(path, $"program instantiation failed: {fault}");
            return null;
        }

        return program;
    }

    private static CelSchema MakeUserSchema()
    {
        var text = new CelSchema(CelType.String);
        var texts = CelSchema.List(text);
        return CelSchema.Object(
            "kubernetes.UserInfo",
            [
                new("username", text), new("uid", text), new("groups", texts),
                new("extra", CelSchema.Map(text, texts)),
            ]);
    }
}
