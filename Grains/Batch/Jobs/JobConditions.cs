using k8s.Models;

namespace OrleansOrchestrator.Grains.Batch.Jobs;

/// <summary>What a Job's conditions say, and how they change.</summary>
public static class JobConditions
{
    public const string Complete = "Complete";
    public const string Failed = "Failed";
    public const string FailureTarget = "FailureTarget";
    public const string SuccessCriteriaMet = "SuccessCriteriaMet";
    public const string Suspended = "Suspended";

    /// <summary>The condition, when it holds.</summary>
    public static V1JobCondition? FindTrue(V1JobStatus? status, string type) =>
        status?.Conditions?.FirstOrDefault(c => c.Type == type && c.Status == "True");

    /// <summary>The condition with which a Job ended; null while it has not.</summary>
    public static V1JobCondition? End(V1JobStatus? status) =>
        status?.Conditions?.FirstOrDefault(c => c is { Type: Complete or Failed, Status: "True" });

    /// <summary>
    /// Sets a condition; false when it was as wanted. One that was never there is not added in order to say no.
    /// </summary>
    public static bool Set(
        List<V1JobCondition> conditions, string type, bool holds, string reason, string message, DateTimeOffset now)
    {
        var at = conditions.FindIndex(c => c.Type == type);
        var next = new V1JobCondition
        {
            Type = type,
            Status = holds ? "True" : "False",
            LastProbeTime = now.UtcDateTime,
            LastTransitionTime = now.UtcDateTime,
            Reason = reason,
            Message = message,
        };
        if (at < 0)
        {
            if (holds)
            {
                conditions.Add(next);
            }

            return holds;
        }

        var old = conditions[at];
        if ((old.Status, old.Reason ?? "", old.Message ?? "") == (next.Status, reason, message))
        {
            return false;
        }

        conditions[at] = next;
        return true;
    }
}
