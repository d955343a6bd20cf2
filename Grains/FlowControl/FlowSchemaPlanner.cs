using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.FlowControl;

/// <summary>What a FlowSchema is to say of the priority level that it names.</summary>
public static class FlowSchemaPlanner
{
    public const string Dangling = "Dangling";

    /// <summary>The level that a schema sends its requests to.</summary>
    public static string LevelOf(V1FlowSchema schema) => schema.Spec?.PriorityLevelConfiguration?.Name ?? "";

    /// <summary>The condition that it must get; null when it has it.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="hasLevel">Whether its level exists.</param>
    /// <param name="now">The time of the change, if it is one.</param>
    public static V1FlowSchemaCondition? Compute(V1FlowSchema schema, bool hasLevel, DateTimeOffset now)
    {
        var level = GoText.Quote(LevelOf(schema));
        var wanted = new V1FlowSchemaCondition
        {
            Type = Dangling,
            Status = hasLevel ? "False" : "True",
            Reason = hasLevel ? "Found" : "NotFound",
            Message = $"This FlowSchema references the PriorityLevelConfiguration object named {level} " +
                (hasLevel ? "and it exists" : "but there is no such object"),
            LastTransitionTime = now.UtcDateTime,
        };
        var old = schema.Status?.Conditions?.FirstOrDefault(c => c.Type == Dangling);
        return old is not null
            && (old.Status, old.Reason, old.Message) == (wanted.Status, wanted.Reason, wanted.Message)
            ? null
            : wanted;
    }
}
