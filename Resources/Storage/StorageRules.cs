using k8s.Models;
using OrleansOrchestrator.Resources.Core.ConfigMaps;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Storage;

/// <summary>Rules that the classes of storage share (pkg/apis/storage/validation).</summary>
internal static class StorageRules
{
    private const int MaxParameters = 512;
    private const int MaxParameterBytes = 256 * 1024;

    /// <summary>The name of what provisions or drives, whatever its case.</summary>
    public static void Provisioner(string? name, FieldPath path, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(name))
        {
            errors.Required(path);
            return;
        }

        var lower = name.ToLowerInvariant();
        errors.InvalidEach(path, lower, NameRules.QualifiedName(lower));
    }

    /// <summary>Parameters mean something to the driver only: keys are not empty, and the size is bounded.</summary>
    public static void Parameters(IDictionary<string, string>? parameters, FieldErrors errors)
    {
        var path = FieldPath.Of("parameters");
        if (parameters?.Count > MaxParameters)
        {
            errors.TooLong(path, MaxParameters);
            return;
        }

        foreach (var (key, _) in ConfigMapStrategy.Sorted(parameters).Where(p => p.Key.Length == 0))
        {
            errors.Invalid(path, key, "field can not be empty.");
        }

        if (Size(parameters) > MaxParameterBytes)
        {
            errors.TooLong(path, MaxParameterBytes);
        }
    }

    /// <summary>Bytes of all keys and values.</summary>
    public static long Size(IDictionary<string, string>? map) =>
        map?.Sum(p => (long)NameRules.ByteCount(p.Key) + NameRules.ByteCount(p.Value)) ?? 0;
}
