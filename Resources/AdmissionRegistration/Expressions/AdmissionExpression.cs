using OrleansOrchestrator.Cel;
using OrleansOrchestrator.Cel.Types;

namespace OrleansOrchestrator.Resources.AdmissionRegistration.Expressions;

/// <summary>An expression about a write, ready to be evaluated, or what is wrong with it.</summary>
/// <param name="Text">As it was written.</param>
/// <param name="Program">Null when it does not compile.</param>
/// <param name="Complaint">What is wrong, in upstream's words; null for nothing.</param>
public sealed record AdmissionExpression(string Text, CelProgram? Program, string? Complaint)
{
    /// <summary>Whether its types are right, and yet it cannot run: upstream takes that for its own fault.</summary>
    public bool IsFaulty { get; private init; }

    /// <summary>Compiles an expression that must give one of some types; none asked for is any.</summary>
    public static AdmissionExpression Compile(CelEnvironment environment, string text, params CelType[] wanted)
    {
        var (program, issues) = environment.Compile(text);
        return program is null ? new(text, null, $"compilation failed: {issues}")
            : wanted.Length > 0 && !wanted.Contains(program.ResultType)
                ? new(text, null, OtherType(program.ResultType, wanted))
            : program.Fault is { } fault
                ? new(text, null, $"program instantiation failed: {fault}") { IsFaulty = true }
            : new(text, program, null);
    }

    private static string OtherType(CelType found, CelType[] wanted)
    {
        var names = string.Join(' ', wanted.Select(static w => w.ToRuntimeString()));
        return $"must evaluate to {(wanted.Length == 1 ? names : $"one of [{names}]")} but got "
            + found.ToRuntimeString();
    }
}
