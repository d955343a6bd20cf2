using System.Diagnostics.CodeAnalysis;

namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>
/// The expected answer of an operation: a value, or the Status that Kubernetes clients are to see. Conflict, NotFound,
/// AlreadyExists and Invalid are normal traffic, never exceptions.
/// </summary>
[GenerateSerializer, Immutable, Alias("orch.outcome`1")]
public readonly struct Outcome<T>
{
    private Outcome(T? value, Status? error)
    {
        Value = value;
        Error = error;
    }

    /// <summary>The value; meaningful only when <see cref="Succeeded"/>.</summary>
    [Id(0)]
    public T? Value { get; }

    /// <summary>The refusal, or null on success.</summary>
    [Id(1)]
    public Status? Error { get; }

    /// <summary>True when there is a value.</summary>
    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool Succeeded => Error is null;

    /// <summary>The value, or an exception for callers who hold that failure is impossible here.</summary>
    public T Required => Succeeded ? Value : throw new StatusException(Error);

    public static implicit operator Outcome<T>(T value) => new(value, null);

    public static implicit operator Outcome<T>(Status error) => new(default, error);
}

/// <summary>A Status carried through code that has no <see cref="Outcome{T}"/> in its signature.</summary>
public sealed class StatusException(Status status) : Exception(status.Message)
{
    /// <summary>The answer the client is to see.</summary>
    public Status Status { get; } = status;
}
