using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>One write on its way: who does what to which object.</summary>
public sealed class WriteContext
{
    public required ResourceDefinition Definition { get; init; }

    /// <summary>The name is empty for a create.</summary>
    public required ObjectKey Key { get; init; }

    public string Subresource { get; init; } = "";

    public required UserIdentity User { get; init; }

    /// <summary>
    /// Who comes to own the fields that the write changes; null when the next version already says who owns what.
    /// </summary>
    public string? FieldManager { get; init; }

    public required WriteOptions Options { get; init; }

    /// <summary>
    /// Admission has seen it, as something else, and does not see it again: an eviction deletes a pod.
    /// </summary>
    public bool IsAdmitted { get; init; }

    /// <summary>Texts for Warning headers, in order.</summary>
    public List<string> Warnings { get; private init; } = [];

    /// <summary>What the audit log learns of the write; null when it is not audited.</summary>
    public AuditRecord? Audit { get; init; }

    /// <summary>How long the write waits; null where nobody wants to know.</summary>
    public RequestWaits? Waits { get; init; }

    /// <summary>When the write must be done; null when there is no such time.</summary>
    public RequestDeadline? Deadline { get; init; }

    public required CancellationToken CancellationToken { get; init; }

    public ResourceName Resource => Definition.Name;

    /// <summary>
    /// The same write for another name or subresource, by a handler that says itself who owns what afterwards.
    /// </summary>
    /// <param name="key">The object.</param>
    /// <param name="subresource">The subresource; empty for the object itself.</param>
    /// <param name="isAdmitted">Admission has seen it.</param>
    /// <param name="warnings">Takes its warnings, where several are written at once; null for this write's.</param>
    public WriteContext With(
        ObjectKey key, string subresource = "", bool isAdmitted = false, List<string>? warnings = null) => new()
    {
        Definition = Definition, Key = key, Subresource = subresource, User = User, Options = Options,
        IsAdmitted = isAdmitted, Warnings = warnings ?? Warnings, Audit = Audit, Waits = Waits,
        Deadline = Deadline, CancellationToken = CancellationToken,
    };
}

/// <summary>What a write did.</summary>
/// <param name="Object">The new version; for a dry run what it would be.</param>
/// <param name="Created">It did not exist before.</param>
/// <param name="Deleted">It is gone; <paramref name="Object"/> is its last state.</param>
public readonly record struct WriteResult(ResourceObject Object, bool Created = false, bool Deleted = false);
