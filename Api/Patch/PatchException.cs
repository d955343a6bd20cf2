using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Patch;

/// <summary>
/// A patch that cannot be read or applied; carries the answer. Never leaves this folder's entry points.
/// </summary>
internal sealed class PatchException(Status status) : Exception(status.Message)
{
    public Status Status { get; } = status;

    /// <summary>The patch itself is malformed: 400.</summary>
    public static PatchException Malformed(string message) => new(StatusErrors.BadRequest(message));

    /// <summary>The patch does not apply: upstream's generic 422, which hides the reason.</summary>
    public static PatchException Inapplicable() => new(new Status
    {
        Code = 422,
        Reason = StatusReasons.Invalid,
        Message = "the server rejected our request due to an error in our request",
        Details = new StatusDetails(),
    });
}
