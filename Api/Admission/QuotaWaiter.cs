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

    /// <summary>Null when all quotas bear it; else why not.</summary>
    public Task<Status?> Done => _answer.Task;

    /// <summary>False when nobody waits for the answer any more.</summary>
    public bool IsWanted => !_answer.Task.IsCompleted && !cancellationToken.IsCancellationRequested;

    /// <summary>The first answer counts.</summary>
    public void Answer(Status? refusal) => _answer.TrySetResult(refusal);

    public void Fail(Exception failure) => _answer.TrySetException(failure);
}
