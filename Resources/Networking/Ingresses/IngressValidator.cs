using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Networking.Ingresses;

/// <summary>Validation of an Ingress' spec. What is wrong in a stored one already may stay wrong.</summary>
internal sealed class IngressValidator(FieldErrors errors, V1IngressSpec? old)
{
    private static readonly string[] PathTypes = ["Exact", "ImplementationSpecific", "Prefix"];
    private static readonly string[] BadSequences = ["//", "/./", "/../", "%2f", "%2F"];
    private static readonly string[] BadSuffixes = ["/..", "/."];
    private static readonly FieldPath Spec = FieldPath.Of("spec");

    private readonly bool _anySecretName =
        old?.Tls?.Any(t => !string.IsNullOrEmpty(t.SecretName) && !NameChecks.IsDnsSubdomain(t.SecretName)) == true;

    private readonly bool _anyWildcardRule = old?.Rules?.Any(IsBadWildcard) == true;

    /// <summary>A name, not an address.</summary>
    public static void NoAddress(string host, FieldPath path, FieldErrors errors)
    {
        if (NetworkRules.ParseSloppy(host) is not null)
        {
            errors.Invalid(path, host, "must be a DNS name, not an IP address");
        }
    }

    public void Validate(V1IngressSpec spec)
    {
        if (spec is { Rules: not { Count: > 0 }, DefaultBackend: null })
        {
            string[]? shown = spec.Rules is null ? null : [];
            errors.Invalid(Spec, shown, "either `defaultBackend` or `rules` must be specified");
        }

        if (spec.DefaultBackend is { } backend)
        {
            Backend(backend, Spec.Child("defaultBackend"));
        }

        for (var i = 0; i < (spec.Rules?.Count ?? 0); i++)
        {
            Rule(spec.Rules![i], Spec.Child("rules").Index(i));
        }

        for (var i = 0; i < (spec.Tls?.Count ?? 0); i++)
        {
            Tls(spec.Tls![i], Spec.Child("tls").Index(i));
        }

        if (spec.IngressClassName is { } name)
        {
            errors.InvalidEach(Spec.Child("ingressClassName"), name, NameRules.DnsSubdomain(name));
        }
    }

    private static bool IsBadWildcard(V1IngressRule rule)
    {
        var findings = new FieldErrors();
        if (IsWildcard(rule.Host))
        {
            new IngressValidator(findings, null).Paths(rule.Http, Spec);
        }

        return findings.Count > 0;
    }

    private static bool IsWildcard(string? host) => host?.Contains('*', StringComparison.Ordinal) == true;

    private void Tls(V1IngressTLS tls, FieldPath path)
    {
        for (var i = 0; i < (tls.Hosts?.Count ?? 0); i++)
        {
            Host(tls.Hosts![i], path.Child("hosts").Index(i));
        }

        if (!_anySecretName && !string.IsNullOrEmpty(tls.SecretName))
        {
            errors.InvalidEach(path.Child("secretName"), tls.SecretName, NameRules.DnsSubdomain(tls.SecretName));
        }
    }

    private void Host(string host, FieldPath path) => errors.InvalidEach(
        path, host, IsWildcard(host) ? NameRules.WildcardSubdomain(host) : NameRules.DnsSubdomain(host));

    private void Rule(V1IngressRule rule, FieldPath path)
    {
        if (!string.IsNullOrEmpty(rule.Host))
        {
            NoAddress(rule.Host, path.Child("host"), errors);
            Host(rule.Host, path.Child("host"));
        }

        if (!IsWildcard(rule.Host) || !_anyWildcardRule)
        {
            Paths(rule.Http, path);
        }
    }

    private void Paths(V1HTTPIngressRuleValue? http, FieldPath parent)
    {
        if (http is null)
        {
            return;
        }

        var path = parent.Child("http", "paths");
        if (http.Paths is not { Count: > 0 })
        {
            errors.Required(path);
        }

        for (var i = 0; i < (http.Paths?.Count ?? 0); i++)
        {
            HttpPath(http.Paths![i], path.Index(i));
        }
    }

    private void HttpPath(V1HTTPIngressPath item, FieldPath path)
    {
        var text = item.Path ?? "";
        switch (item.PathType)
        {
            case null:
                errors.Required(path.Child("pathType"), "pathType must be specified");
                return;
            case "Exact" or "Prefix":
                AbsolutePath(text, path.Child("path"));
                foreach (var sequence in BadSequences.Where(s => text.Contains(s, StringComparison.Ordinal)))
                {
                    errors.Invalid(path.Child("path"), text, $"must not contain '{sequence}'");
                }

                foreach (var suffix in BadSuffixes.Where(s => text.EndsWith(s, StringComparison.Ordinal)))
                {
                    errors.Invalid(path.Child("path"), text, $"cannot end with '{suffix}'");
                }

                break;
            case "ImplementationSpecific":
                if (text.Length > 0)
                {
                    AbsolutePath(text, path.Child("path"));
                }

                break;
            default:
                errors.NotSupported(path.Child("pathType"), item.PathType, PathTypes);
                break;
        }

        Backend(item.Backend ?? new V1IngressBackend(), path.Child("backend"));
    }

    private void AbsolutePath(string text, FieldPath path)
    {
        if (!text.StartsWith('/'))
        {
            errors.Invalid(path, text, "must be an absolute path");
        }
    }

    private void Backend(V1IngressBackend backend, FieldPath path)
    {
        switch (backend)
        {
            case { Resource: not null, Service: not null }:
                errors.Invalid(path, "", "cannot set both resource and service backends");
                break;
            case { Resource: { } resource }:
                var at = path.Child("resource");
                ReferenceRules.Validate(resource.ApiGroup, resource.Kind, resource.Name, at, errors);
                break;
            case { Service: { } service }:
                Service(service, path);
                break;
            default:
                errors.Invalid(path, "", "resource or service backend is required");
                break;
        }
    }

    private void Service(V1IngressServiceBackend service, FieldPath path)
    {
        var at = path.Child("service");
        if (string.IsNullOrEmpty(service.Name))
        {
            errors.Required(at.Child("name"));
        }
        else
        {
            errors.InvalidEach(at.Child("name"), service.Name, NameRules.DnsLabel(service.Name));
        }

        switch (service.Port)
        {
            case { Name.Length: > 0, Number: not (null or 0) }:
                errors.Invalid(path, "", "cannot set both port name & port number");
                break;
            case { Name: { Length: > 0 } name }:
                errors.InvalidEach(at.Child("port", "name"), name, NameRules.PortName(name));
                break;
            case { Number: { } number and not 0 }:
                errors.InvalidEach(at.Child("port", "number"), number, NameRules.PortNumber(number));
                break;
            default:
                errors.Required(path, "port name or number is required");
                break;
        }
    }
}
