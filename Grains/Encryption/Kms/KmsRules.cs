using System.Security.Cryptography;
using System.Text;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Grains.Encryption.Kms.V2;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Encryption.Kms;

/// <summary>What plugins may answer and stored values may be, in upstream's words.</summary>
internal static class KmsRules
{
    private const int MaxKeyIdBytes = 1024;
    private const int MaxSourceBytes = 1024;
    private const int MaxAnnotationBytes = 32 * 1024;

    /// <summary>What is wrong with a stored value; null for nothing.</summary>
    public static string? FindProblem(EncryptedObject item) =>
        FindTypeProblem(item) ?? (item.Data.IsEmpty ? "encrypted data is empty" : FindSourceProblem(item));

    /// <summary>What is wrong with what a value is encrypted by, before there is one; null for nothing.</summary>
    public static string? FindSourceProblem(EncryptedObject item)
    {
        if (FindTypeProblem(item) is { } type)
        {
            return type;
        }

        if (item.Source.IsEmpty)
        {
            return "failed to validate encrypted DEK source: encrypted DEK source is empty";
        }

        if (item.Source.Length > MaxSourceBytes)
        {
            return "failed to validate encrypted DEK source: encrypted DEK source is "
                + $"{item.Source.Length} bytes, which exceeds the max size of {MaxSourceBytes}";
        }

        if (FindKeyIdProblem(item.KeyId).Problem is { } keyId)
        {
            return $"failed to validate key id: {keyId}";
        }

        return FindAnnotationProblem(item) is { } annotations
            ? $"failed to validate annotations: {annotations}"
            : null;
    }

    /// <summary>What is wrong with the name of a key, and upstream's code for it.</summary>
    public static (string Code, string? Problem) FindKeyIdProblem(string keyId)
    {
        var length = Encoding.UTF8.GetByteCount(keyId);
        return length == 0 ? ("empty", "keyID is empty")
            : length > MaxKeyIdBytes
                ? ("too_long", $"keyID is {length} bytes, which exceeds the max size of {MaxKeyIdBytes}")
            : ("ok", null);
    }

    /// <summary>How messages name a key: plugins may take its name for a secret.</summary>
    public static string HashOf(string keyId) => keyId.Length == 0
        ? ""
        : $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(keyId)))}";

    private static string? FindTypeProblem(EncryptedObject item) =>
        Enum.IsDefined(item.Type) ? null : $"unknown encryptedDEKSourceType: {(int)item.Type}";

    private static string? FindAnnotationProblem(EncryptedObject item)
    {
        var (problems, bytes) = (new List<string>(), 0L);
        foreach (var (key, value) in item.Annotations)
        {
            var errors = new FieldErrors();
            ValidateDomain(FieldPath.Of("annotations"), key, errors);
            problems.AddRange(errors.All.Select(static e => $"{e.Field}: {e.Message}"));
            bytes += Encoding.UTF8.GetByteCount(key) + value.Length;
        }

        if (bytes > MaxAnnotationBytes)
        {
            problems.Add(
                $"total size of annotations is {bytes}, which exceeds the max size of {MaxAnnotationBytes}");
        }

        return GoErrors.Join(problems);
    }

    /// <summary>A fully qualified domain name.</summary>
    private static void ValidateDomain(FieldPath path, string name, FieldErrors errors)
    {
        if (name.Length == 0)
        {
            errors.Required(path);
            return;
        }

        name = name.EndsWith('.') ? name[..^1] : name;
        if (NameRules.DnsSubdomain(name).ToList() is { Count: > 0 } complaints)
        {
            errors.Invalid(path, name, string.Join(',', complaints));
            return;
        }

        var labels = name.Split('.');
        if (labels.Length < 2)
        {
            errors.Invalid(path, name, "should be a domain with at least two segments separated by dots");
            return;
        }

        foreach (var label in labels)
        {
            if (NameRules.DnsLabel(label).ToList() is { Count: > 0 } wrong)
            {
                errors.Invalid(path, label, string.Join(',', wrong));
                return;
            }
        }
    }
}
