using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.ClaimSpecs;

/// <summary>The modes in which a volume can be used, of volumes and of claims.</summary>
internal static class AccessModeRules
{
    private const string OnePod = "ReadWriteOncePod";

    private static readonly string[] Known = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", OnePod];

    /// <summary>Findings on a list of them.</summary>
    public static void Validate(IList<string> modes, FieldPath path, FieldErrors errors)
    {
        foreach (var mode in modes.Where(m => !Known.Contains(m)))
        {
            errors.NotSupported(path, mode, Known);
        }

        if (modes.Contains(OnePod) && modes.Any(m => m != OnePod && Known.Contains(m)))
        {
            errors.Forbidden(path, $"may not use {OnePod} with other access modes");
        }
    }
}
