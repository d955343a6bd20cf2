using System.Text;
using System.Text.Json;
using k8s.Models;
using OrleansOrchestrator.Resources.Core.ConfigMaps;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Resources.Core.Secrets;

/// <summary>The rules of Secrets: what each type demands of its data.</summary>
public sealed class SecretStrategy : ResourceStrategy<V1Secret>
{
    private const string ServiceAccountAnnotation = "kubernetes.io/service-account.name";

    private static readonly FieldPath DataPath = FieldPath.Of("data");

    public override IReadOnlyList<SelectableField> SelectableFields { get; } = [new("type")];

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new("Type", "string", "", ColumnTexts.SecretsType),
        new("Data", "string", "", ColumnTexts.SecretsData),
        TableColumns.Age,
    ];

    public override IReadOnlyList<object?> Cells(V1Secret item, DateTimeOffset now) =>
        [item.Metadata.Name, item.Type ?? "", item.Data?.Count ?? 0, TableColumns.AgeOf(item, now)];

    /// <summary><c>stringData</c> is a way of writing <c>data</c>: it wins, and is never stored.</summary>
    public override void SetDefaults(V1Secret item)
    {
        if (string.IsNullOrEmpty(item.Type))
        {
            item.Type = "Opaque";
        }

        if (item.StringData is { Count: > 0 } texts)
        {
            item.Data ??= new Dictionary<string, byte[]>();
            foreach (var (key, value) in texts)
            {
                item.Data[key] = Encoding.UTF8.GetBytes(value ?? "");
            }
        }

        item.StringData = null;
    }

    public override void Validate(V1Secret item, FieldErrors errors)
    {
        long size = 0;
        foreach (var (key, value) in ConfigMapStrategy.Sorted(item.Data))
        {
            errors.InvalidEach(DataPath.Key(key), key, NameRules.ConfigMapKey(key));
            size += value?.Length ?? 0;
        }

        if (size > ConfigMapStrategy.MaxBytes)
        {
            errors.TooLong(DataPath, ConfigMapStrategy.MaxBytes);
        }

        ValidateType(item, errors);
    }

    public override void ValidateUpdate(V1Secret item, V1Secret old, string subresource, FieldErrors errors)
    {
        if (item.Type != old.Type)
        {
            errors.Invalid(FieldPath.Of("type"), item.Type, "field is immutable");
        }

        if (old.Immutable == true)
        {
            if (item.Immutable != true)
            {
                errors.Forbidden(FieldPath.Of("immutable"), ConfigMapStrategy.ImmutableMessage);
            }

            if (!ConfigMapStrategy.SameBytes(item.Data, old.Data))
            {
                errors.Forbidden(DataPath, ConfigMapStrategy.ImmutableMessage);
            }
        }

        ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: true, ValidateName, errors);
        Validate(item, errors);
    }

    public override IEnumerable<string> Warnings(V1Secret item, V1Secret? old) =>
        item.Type == "kubernetes.io/tls"
            && KeyPair.FindError(Bytes(item, "tls.crt"), Bytes(item, "tls.key")) is { } error
            ? [error]
            : [];

    private static byte[] Bytes(V1Secret item, string key) =>
        item.Data?.TryGetValue(key, out var bytes) == true ? bytes ?? [] : [];

    private static void ValidateType(V1Secret item, FieldErrors errors)
    {
        switch (item.Type)
        {
            case "kubernetes.io/service-account-token":
                if (string.IsNullOrEmpty(item.GetAnnotation(ServiceAccountAnnotation)))
                {
                    errors.Required(FieldPath.Of("metadata", "annotations").Key(ServiceAccountAnnotation));
                }

                break;
            case "kubernetes.io/dockercfg": RequireJson(item, ".dockercfg", errors); break;
            case "kubernetes.io/dockerconfigjson": RequireJson(item, ".dockerconfigjson", errors); break;
            case "kubernetes.io/basic-auth" when !Has(item, "username") && !Has(item, "password"):
                errors.Required(DataPath.Key("username"));
                errors.Required(DataPath.Key("password"));
                break;
            case "kubernetes.io/ssh-auth" when !(item.Data?.TryGetValue("ssh-privatekey", out var key) == true && key.Length != 0):
                errors.Required(DataPath.Key("ssh-privatekey"));
                break;
            case "kubernetes.io/tls":
                Require(item, "tls.crt", errors);
                Require(item, "tls.key", errors);
                break;
        }
    }

    private static bool Has(V1Secret item, string key) => item.Data?.ContainsKey(key) == true;

    private static void Require(V1Secret item, string key, FieldErrors errors)
    {
        if (!Has(item, key))
        {
            errors.Required(DataPath.Key(key));
        }
    }

    private static void RequireJson(V1Secret item, string key, FieldErrors errors)
    {
        Require(item, key, errors);
        if (item.Data?.TryGetValue(key, out var bytes) == true && ComplaintOf(bytes) is { } complaint)
        {
            errors.Invalid(DataPath.Key(key), "<secret contents redacted>", complaint);
        }
    }

    /// <summary>What Go says when it decodes the bytes into a map; null when all is well.</summary>
    private static string? ComplaintOf(byte[] bytes)
    {
        if (GoJson.FindError(bytes) is { } error)
        {
            return error;
        }

        using var document = JsonDocument.Parse(bytes);
        var found = document.RootElement.ValueKind switch
        {
            JsonValueKind.Object or JsonValueKind.Null => null,
            JsonValueKind.Array => "array",
            JsonValueKind.String => "string",
            JsonValueKind.Number => "number",
            _ => "bool",
        };
        return found is null ? null : $"json: cannot unmarshal {found} into Go value of type map[string]interface {{}}";
    }
}
