using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>Somebody applies another value to a field than its owner's.</summary>
/// <param name="Owner">Whose field it is.</param>
/// <param name="Path">The field.</param>
public sealed record FieldConflict(FieldManager Owner, IReadOnlyList<PathElement> Path)
{
    private string Field => string.Concat(Path);

    /// <summary>The refusal in upstream's words, with a cause for each field.</summary>
    public static Status ToStatus(IReadOnlyList<FieldConflict> conflicts) => new()
    {
        Code = 409,
        Reason = StatusReasons.Conflict,
        Message = conflicts is [var only]
            ? $"Apply failed with 1 conflict: conflict with {only.Owner}: {only.Field}"
            : $"Apply failed with {conflicts.Count} conflicts: {string.Join('\n', Lines(conflicts))}",
        Details = new StatusDetails
        {
            Causes =
            [
                .. conflicts.Select(c => new StatusCause("FieldManagerConflict", $"conflict with {c.Owner}", c.Field)),
            ],
        },
    };

    private static IEnumerable<string> Lines(IEnumerable<FieldConflict> conflicts) => conflicts
        .GroupBy(c => c.Owner).OrderBy(g => g.Key)
        .SelectMany(g => g.Select(c => $"- {c.Field}").Prepend($"conflicts with {g.Key}:"));
}
