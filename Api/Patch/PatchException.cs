using System.Text.Json.Nodes;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Patch;

/// <summary>
/// A patch that cannot be read or applied; carries the answer. Never leaves this folder's entry points.
/// </summary>
internal sealed class PatchException(Status status) : Exception(status.Message)
{
    public Status Status { get; } = status;

    /// <summary>Why the patch does not apply, in the words of upstream's library; empty where nobody asks.</summary>
    public string Reason { get; private init; } = "";

    /// <summary>The patch itself is malformed: 400.</summary>
    public static PatchException Malformed(string message) => new(StatusErrors.BadRequest(message));

    /// <summary>The patch makes no sense in a way that upstream has not foreseen: 500 without a reason.</summary>
    public static PatchException Unforeseen(string message) =>
        new(new Status { Code = 500, Reason = StatusReasons.Unknown, Message = message });

    /// <summary>A value has another type than its place asks for; both by their Go names.</summary>
    public static PatchException WrongType(string expected, JsonNode? actual) =>
        Unforeseen($"expected a {expected}, but received a {GoValues.TypeOf(actual)}");

    /// <summary>The patch does not apply: upstream's generic 422, which hides the reason.</summary>
    public static PatchException Inapplicable(string reason = "") => new(new Status
    {
        Code = 422,
        Reason = StatusReasons.Invalid,
        Message = "the server rejected our request due to an error in our request",
        Details = new StatusDetails(),
    })
    {
        Reason = reason,
    };
}
