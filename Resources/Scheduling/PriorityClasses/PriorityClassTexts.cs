namespace OrleansOrchestrator.Resources.Scheduling.PriorityClasses;

/// <summary>
/// Descriptions of the columns of PriorityClasses (facts of the API: the documentation of their fields).
/// </summary>
internal static class PriorityClassTexts
{
    public const string Value =
        "value represents the integer value of this priority class. This is the actual priority that pods " +
        "receive when they have the name of this class in their pod spec.";

    public const string GlobalDefault =
        "globalDefault specifies whether this PriorityClass should be considered as the default priority " +
        "for pods that do not have any priority class. Only one PriorityClass can be marked as " +
        "`globalDefault`. However, if more than one PriorityClasses exists with their `globalDefault` " +
        "field set to true, the smallest value of such global default PriorityClasses will be used as the " +
        "default priority.";

    public const string PreemptionPolicy =
        "preemptionPolicy is the Policy for preempting pods with lower priority. One of Never, " +
        "PreemptLowerPriority. Defaults to PreemptLowerPriority if unset.";
}
