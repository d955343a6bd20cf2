using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.ResourceQuotas;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>A write that waits until the quotas of its namespace bear it, or one of them does not.</summary>
internal sealed class QuotaWaiter(
    AdmissionAttributes attributes, QuotedWrite write, CancellationToken cancellationToken)
{
    private readonly TaskCompletionSource<Status?> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public AdmissionAttributes Attributes => attributes;

    public QuotedWrite Write => write;

    /// <summary>The quotas that bear it already.</summary>
    public HashSet<string> Charged { get; } = new(StringComparer.Ordinal);

    /// <summary>A quota that is to bear it was written by others meanwhile.</summary>
    public bool IsLost { get; set; }

    /// <summary>Null when all quotas bear it; else why not.</summary>
    public Task<Status?> Done => _answer.Task;

    public bool IsAnswered => _answer.Task.IsCompleted;

    /// <summary>False when nobody waits for the answer any more.</summary>
    public bool IsWanted => !IsAnswered && !cancellationToken.IsCancellationRequested;

    /// <summary>The first answer counts.</summary>
    public void Answer(Status? refusal) => _answer.TrySetResult(refusal);

    public void Fail(Exception failure) => _answer.TrySetException(failure);
}
