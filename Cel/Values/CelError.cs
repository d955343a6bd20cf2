namespace OrleansOrchestrator.Cel.Values;

/// <summary>Why an expression has no value, in the words clients see.</summary>
/// <param name="message">For example <c>no such key: x</c>.</param>
/// <param name="isFinal">No alternative is tried any more: the evaluation itself was ended.</param>
public sealed class CelError(string message, bool isFinal = false)
{
    internal static readonly CelValue NoSuchOverload = CelValue.OfError("no such overload");
    internal static readonly CelValue DivisionByZero = CelValue.OfError("division by zero");
    internal static readonly CelValue ModulusByZero = CelValue.OfError("modulus by zero");
    internal static readonly CelValue IntegerOverflow = CelValue.OfError("integer overflow");
    internal static readonly CelValue UnsignedOverflow = CelValue.OfError("unsigned integer overflow");
    internal static readonly CelValue TimestampOverflow = CelValue.OfError("timestamp overflow");

    internal static readonly CelValue CostExceeded =
        CelValue.Of(new CelError("operation cancelled: actual cost limit exceeded", isFinal: true));

    public string Message { get; } = message;

    /// <summary>Whether the cost limit ended the evaluation.</summary>
    public bool IsFinal { get; } = isFinal;

    internal static CelValue NoSuchKey(in CelValue key) => CelValue.OfError($"no such key: {key}");
}
