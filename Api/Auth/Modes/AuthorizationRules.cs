using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth.Modes;

/// <summary>What is wrong with an AuthorizationConfiguration (upstream's <c>ValidateAuthorizationConfiguration</c>).
/// </summary>
internal static class AuthorizationRules
{
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromSeconds(30);

    public static void Validate(AuthorizationConfiguration configuration, FieldErrors errors)
    {
        var list = FieldPath.Of("authorizers");
        if (configuration.Authorizers.Count == 0)
        {
            errors.Required(list, "at least one authorization mode must be defined");
        }

        var (types, names) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        foreach (var (i, authorizer) in configuration.Authorizers.Index())
        {
            var path = list.Index(i);
            if (CheckType(authorizer.Type, types, path.Child("type"), errors))
            {
                CheckName(authorizer.Name, names, path.Child("name"), errors);
                CheckWebhook(authorizer, path, errors);
            }
        }
    }

    private static bool CheckType(string type, HashSet<string> seen, FieldPath path, FieldErrors errors)
    {
        if (type.Length == 0)
        {
            errors.Required(path);
            return false;
        }

        if (!AuthorizerTypes.All.Contains(type))
        {
            errors.NotSupported(path, type, AuthorizerTypes.All);
            return false;
        }

        if (!seen.Add(type) && type != AuthorizerTypes.Webhook)
        {
            errors.Duplicate(path, type);
            return false;
        }

        return true;
    }

    private static void CheckName(string name, HashSet<string> seen, FieldPath path, FieldErrors errors)
    {
        if (name.Length == 0)
        {
            errors.Required(path);
        }
        else if (!seen.Add(name))
        {
            errors.Duplicate(path, name);
        }
        else if (string.Join(", ", NameRules.DnsSubdomain(name)) is { Length: > 0 } complaints)
        {
            errors.Invalid(path, name, $"authorizer name is invalid: {complaints}");
        }
    }

    private static void CheckWebhook(AuthorizerSettings authorizer, FieldPath path, FieldErrors errors)
    {
        switch (authorizer)
        {
            case { Type: AuthorizerTypes.Webhook, Webhook: null }:
                errors.Required(path.Child("webhook"), "required when type=Webhook");
                break;
            case { Type: AuthorizerTypes.Webhook, Webhook: { } webhook }:
                CheckTimes(webhook, path, errors);
                CheckVersions(webhook, path, errors);
                CheckConnection(webhook, path.Child("connectionInfo"), errors);
                MatchConditions.Compile(webhook.MatchConditions, path.Child("matchConditions"), errors);
                break;
            case { Webhook: not null }:
                errors.Invalid(path.Child("webhook"), "non-null", "may only be specified when type=Webhook");
                break;
        }
    }

    private static void CheckTimes(WebhookSettings webhook, FieldPath path, FieldErrors errors)
    {
        if (webhook.Timeout == TimeSpan.Zero)
        {
            errors.Required(path.Child("timeout"));
        }
        else if (webhook.Timeout < TimeSpan.Zero || webhook.Timeout > LongestTimeout)
        {
            errors.Invalid(path.Child("timeout"), GoDuration.Format(webhook.Timeout), "must be > 0s and <= 30s");
        }

        foreach (var (name, ttl) in new[]
        {
            ("authorizedTTL", webhook.AuthorizedTtl), ("unauthorizedTTL", webhook.UnauthorizedTtl),
        })
        {
            if (ttl < TimeSpan.Zero)
            {
                errors.Invalid(path.Child(name), GoDuration.Format(ttl), "must be > 0s");
            }
        }
    }

    private static void CheckVersions(WebhookSettings webhook, FieldPath path, FieldErrors errors)
    {
        Choose("subjectAccessReviewVersion", webhook.ReviewVersion, ["v1", "v1beta1"]);
        if (webhook.MatchVersion.Length > 0)
        {
            Choose("matchConditionSubjectAccessReviewVersion", webhook.MatchVersion, ["v1"]);
        }
        else if (webhook.MatchConditions.Count > 0)
        {
            errors.Required(
                path.Child("matchConditionSubjectAccessReviewVersion"),
                "required if match conditions are specified");
        }

        Choose("failurePolicy", webhook.FailurePolicy, ["NoOpinion", "Deny"]);
        return;

        void Choose(string field, string value, string[] choices)
        {
            if (value.Length == 0)
            {
                errors.Required(path.Child(field));
            }
            else if (!choices.Contains(value))
            {
                errors.NotSupported(path.Child(field), value, choices);
            }
        }
    }

    private static void CheckConnection(WebhookSettings webhook, FieldPath path, FieldErrors errors)
    {
        var (type, file) = (path.Child("type"), path.Child("kubeConfigFile"));
        switch (webhook)
        {
            case { ConnectionType: "" }:
                errors.Required(type);
                break;
            case { ConnectionType: ConnectionTypes.InCluster, KubeconfigFile: { } given }:
                errors.Invalid(file, given, "can only be set when type=KubeConfigFile");
                break;
            case { ConnectionType: ConnectionTypes.InCluster }:
                break;
            case { ConnectionType: not ConnectionTypes.KubeconfigFile }:
                errors.NotSupported(
                    type, webhook.ConnectionType, [ConnectionTypes.InCluster, ConnectionTypes.KubeconfigFile]);
                break;
            case { KubeconfigFile: null or "" }:
                errors.Required(file);
                break;
            case { KubeconfigFile: { } path1 } when !path1.StartsWith('/'):
                errors.Invalid(file, path1, "must be an absolute path");
                break;
            case { KubeconfigFile: { } path2 } when Directory.Exists(path2):
                errors.Invalid(file, path2, "must be a regular file");
                break;
            case { KubeconfigFile: { } path3 } when !File.Exists(path3):
                errors.Invalid(file, path3, $"error loading file: stat {path3}: no such file or directory");
                break;
        }
    }
}
