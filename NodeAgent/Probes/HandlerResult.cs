using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Probes;

/// <summary>How a check ended.</summary>
public enum HandlerOutcome
{
    Success,

    /// <summary>It counts as success, and an event tells what is odd.</summary>
    Warning,
    Failure,

    /// <summary>It could not be carried out: that says nothing about the container.</summary>
    Unknown,
}

/// <summary>How one check went.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Output">What events show.</param>
public readonly record struct HandlerResult(HandlerOutcome Outcome, string Output)
{
    public bool Succeeded => Outcome is HandlerOutcome.Success or HandlerOutcome.Warning;

    /// <summary>
    /// True when the check itself broke, before or after the container had its say: upstream then tries again, tells it
    /// in an event of its own and throws the result away.
    /// </summary>
    public bool IsError { get; init; }

    /// <summary>
    /// Reason and message of the event that tells of it, in upstream's words; null for a plain success.
    /// </summary>
    /// <param name="kind"><c>Liveness</c>, <c>Readiness</c> or <c>Startup</c>.</param>
    public (string Reason, string Message)? Remark(string kind) => this switch
    {
        { IsError: true, Outcome: HandlerOutcome.Unknown } => (
            "Unhealthy", $"{kind} probe errored and resulted in unknown state: {Output}"),
        { IsError: true } => ("Unhealthy", $"{kind} probe errored and resulted in failure state: {Output}"),
        { Outcome: HandlerOutcome.Failure } => ("Unhealthy", $"{kind} probe failed: {Output}"),
        { Outcome: HandlerOutcome.Warning } => ("ProbeWarning", $"{kind} probe warning: {Output}"),
        _ => null,
    };

    public static HandlerResult Success(string output = "") => new(HandlerOutcome.Success, output);

    public static HandlerResult Warning(string output) => new(HandlerOutcome.Warning, output);

    public static HandlerResult Failure(string output) => new(HandlerOutcome.Failure, output);

    /// <summary>The check could not be carried out.</summary>
    public static HandlerResult Unknown(string why) => new(HandlerOutcome.Unknown, why) { IsError = true };

    /// <summary>The check broke while the container was answering.</summary>
    public static HandlerResult Broken(string why) => new(HandlerOutcome.Failure, why) { IsError = true };
}

/// <summary>The container that a handler acts on.</summary>
public sealed record HandlerTarget(V1Container Container, string ContainerId, string PodIp);
