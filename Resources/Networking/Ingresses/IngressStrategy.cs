using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Networking.Ingresses;

/// <summary>The rules of Ingresses.</summary>
public sealed class IngressStrategy : ResourceStrategy<V1Ingress>
{
    public const string ClassAnnotation = "kubernetes.io/ingress.class";

    private const int MaxHosts = 3;

    private static readonly FieldPath PointsPath = FieldPath.Of("status", "loadBalancer", "ingress");

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new(
            "Class",
            "string",
            "",
            "The name of the IngressClass resource that should be used for additional configuration"),
        new("Hosts", "string", "", "Hosts that incoming requests are matched against before the ingress rule"),
        new("Address", "string", "", "Address is a list containing ingress points for the load-balancer"),
        new("Ports", "string", "", "Ports of TLS configurations that open"),
        TableColumns.Age,
    ];

    public override IReadOnlyList<object?> Cells(V1Ingress item, DateTimeOffset now) =>
    [
        item.Metadata.Name,
        item.Spec.IngressClassName ?? TableColumns.None,
        Hosts(item.Spec.Rules ?? []),
        Addresses(item.Status?.LoadBalancer?.Ingress ?? []),
        item.Spec.Tls is { Count: > 0 } ? "80, 443" : "80",
        TableColumns.AgeOf(item, now),
    ];

    public override void SetDefaults(V1Ingress item)
    {
        item.Spec ??= new V1IngressSpec();
        item.Status ??= new V1IngressStatus();
        item.Status.LoadBalancer ??= new V1IngressLoadBalancerStatus();

        // Refused, and shown as they were sent: no rules are not the same as a list without any.
        var hasEmptyRules = item.Spec is { Rules.Count: 0, DefaultBackend: null };
        ModelShape.Normalize(item);
        if (hasEmptyRules)
        {
            item.Spec.Rules = [];
        }
    }

    public override void PrepareForCreate(V1Ingress item)
    {
        item.Status = new V1IngressStatus { LoadBalancer = new V1IngressLoadBalancerStatus() };
        item.Metadata.Generation = 1;
    }

    public override void PrepareForUpdate(V1Ingress item, V1Ingress old, string subresource)
    {
        if (subresource == "status")
        {
            item.Spec = old.Spec;
            return;
        }

        item.Status = old.Status;
        ObjectMetaRules.CountGeneration(item.Metadata, old.Metadata, item.Spec, old.Spec);
    }

    public override void Validate(V1Ingress item, FieldErrors errors)
    {
        new IngressValidator(errors, null).Validate(item.Spec);
        if (item.GetAnnotation(ClassAnnotation) is { } annotation
            && item.Spec.IngressClassName is { } name && annotation != name)
        {
            errors.Invalid(
                FieldPath.Of("annotations", ClassAnnotation),
                annotation,
                "must match `ingressClassName` when both are specified");
        }
    }

    public override void ValidateUpdate(V1Ingress item, V1Ingress old, string subresource, FieldErrors errors)
    {
        if (subresource == "status")
        {
            ValidateStatus(item.Status?.LoadBalancer?.Ingress ?? [], errors);
            return;
        }

        ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: true, ValidateName, errors);
        new IngressValidator(errors, old.Spec).Validate(item.Spec);
    }

    public override IEnumerable<string> Warnings(V1Ingress item, V1Ingress? old)
    {
        if (old is null && item.Spec.IngressClassName is null && item.GetAnnotation(ClassAnnotation) is not null)
        {
            yield return $"annotation {GoText.Quote(ClassAnnotation)} is deprecated, " +
                "please use 'spec.ingressClassName' instead";
        }
    }

    public override IEnumerable<string> StatusWarnings(V1Ingress item) =>
        (item.Status?.LoadBalancer?.Ingress ?? []).SelectMany((point, i) => string.IsNullOrEmpty(point.Ip)
            ? []
            : NetworkRules.IpWarnings(PointsPath.Index(i), point.Ip));

    private static void ValidateStatus(IList<V1IngressLoadBalancerIngress> points, FieldErrors errors)
    {
        for (var i = 0; i < points.Count; i++)
        {
            var path = PointsPath.Index(i);
            if (!string.IsNullOrEmpty(points[i].Ip))
            {
                NetworkRules.ValidateIp(path.Child("ip"), points[i].Ip, errors);
            }

            if (!string.IsNullOrEmpty(points[i].Hostname))
            {
                errors.InvalidEach(
                    path.Child("hostname"), points[i].Hostname, NameRules.DnsSubdomain(points[i].Hostname));
                IngressValidator.NoAddress(points[i].Hostname, path.Child("hostname"), errors);
            }
        }
    }

    private static string Hosts(IList<V1IngressRule> rules)
    {
        var shown = rules.Index().Where(r => !string.IsNullOrEmpty(r.Item.Host)).Take(MaxHosts).ToList();
        var text = string.Join(',', shown.Select(r => r.Item.Host));

        // Rules without a host count too, once all places are taken: upstream's slip.
        return shown.Count == 0 ? "*"
            : shown.Count == MaxHosts && shown[^1].Index < rules.Count - 1
                ? $"{text} + {rules.Count - MaxHosts} more..."
            : text;
    }

    private static string Addresses(IList<V1IngressLoadBalancerIngress> points)
    {
        var all = points.Select(p => string.IsNullOrEmpty(p.Ip) ? p.Hostname ?? "" : p.Ip).Where(a => a.Length > 0);
        return string.Join(',', all.Distinct().Order(StringComparer.Ordinal));
    }
}
