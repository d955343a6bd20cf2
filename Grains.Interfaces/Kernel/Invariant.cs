using System.Diagnostics.CodeAnalysis;

namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>A bug was caught before it could do harm. Never thrown for bad input or a failing environment.</summary>
[GenerateSerializer, Alias("orch.invariant-violation")]
public sealed class InvariantViolationException(string message) : Exception(message);

/// <summary>Checks that stay on in Release builds.</summary>
public static class Invariant
{
    /// <summary>Throws <see cref="InvariantViolationException"/> naming the rule and the offending value.</summary>
    public static void Check([DoesNotReturnIf(false)] bool condition, string rule, object? value = null)
    {
        if (!condition)
        {
            throw new InvariantViolationException(
                value is null ? $"violated: {rule}" : $"violated: {rule}; value: {value}");
        }
    }
}
