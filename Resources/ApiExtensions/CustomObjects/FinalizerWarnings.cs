using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;

/// <summary>What upstream says of finalizers of custom objects that may be someone else's, too.</summary>
internal static class FinalizerWarnings
{
    private const string Reason = "to avoid accidental conflicts with other finalizer writers";

    private static readonly string[] Standard = ["orphan", "foregroundDeletion", "kubernetes"];

    /// <param name="finalizers">Of an object.</param>
    /// <param name="old">Those that it had before an update; nothing is said of them.</param>
    public static IEnumerable<string> Of(IEnumerable<string> finalizers, IEnumerable<string> old) =>
        finalizers.Except(old, StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .SelectMany(static f => Complaints(f).Select(c => $"metadata.finalizers: {GoText.Quote(f)}: {c}"));

    private static IEnumerable<string> Complaints(string finalizer)
    {
        foreach (var complaint in NameRules.QualifiedName(finalizer))
        {
            yield return complaint;
        }

        if (!finalizer.Contains('/', StringComparison.Ordinal) && !Standard.Contains(finalizer))
        {
            var path = finalizer.Contains('.', StringComparison.Ordinal) ? "including a path (/) " : "";
            yield return $"prefer a domain-qualified finalizer name {path}{Reason}";
        }
    }
}
