using System.Collections.Frozen;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>
/// Flags of kube-apiserver that operators are used to and that are none here: what there is instead, or why there is
/// nothing. Many others of upstream's have their names here; of the rest, for its etcd, say, nothing is told.
/// </summary>
public static class UpstreamFlags
{
    private const string Always = "it is always so, and cannot be switched off";
    private const string Store = "the store is PostgreSQL: --connection";
    private const string Kubelets = "nodes prove themselves, and are asked, with certificates of the cluster's own";
    private const string Peers = "silos do not pass requests on to each other: each serves all kinds itself";
    private const string Metrics = "every metric is told, with all its labels; who scrapes them can drop some";
    private const string Caches = "every kind is served from a cache, whose size follows its objects";

    private static readonly FrozenDictionary<string, string> Instead = new Dictionary<string, string>
    {
        ["aggregator-reject-forwarding-redirects"] = Always,
        ["allow-metric-labels"] = Metrics,
        ["allow-metric-labels-manifest"] = Metrics,
        ["allow-privileged"] = "privileged containers are allowed; PodSecurity forbids them per namespace",
        ["apiserver-count"] = "silos count themselves",
        ["audit-log-format"] = "it is always json",
        ["audit-log-version"] = "it is always audit.k8s.io/v1",
        ["audit-webhook-version"] = "it is always audit.k8s.io/v1",
        ["cert-dir"] = "the cluster's certificates are in its store",
        ["client-ca-file"] = "client certificates are those that the cluster signs (CertificateSigningRequests); "
            + "others sign in by --oidc-issuer-url or --authentication-config",
        ["contention-profiling"] = "there is no profiler of Go",
        ["debug-socket-path"] = "there is no profiler of Go",
        ["default-watch-cache-size"] = Caches,
        ["delete-collection-workers"] = "a collection is deleted as fast as its journal takes it",
        ["disable-admission-plugins"] = "the plugins that upstream has by default run, all of them",
        ["disable-http2-serving"] = "HTTP/2 is always served, beside HTTP/1.1",
        ["disabled-metrics"] = Metrics,
        ["egress-selector-config-file"] = "nodes and webhooks are called directly",
        ["emulated-version"] = "one version of Kubernetes is served, and none before it",
        ["enable-admission-plugins"] = "the plugins that upstream has by default run, and EventRateLimit when "
            + "--admission-control-config-file has it",
        ["enable-aggregator-routing"] = Always,
        ["enable-bootstrap-token-auth"] = Always,
        ["enable-garbage-collector"] = Always,
        ["enable-priority-and-fairness"] = Always,
        ["endpoint-reconciler-type"] = "silos keep the endpoints of the Service kubernetes by leases",
        ["etcd-cafile"] = Store,
        ["etcd-certfile"] = Store,
        ["etcd-compaction-interval"] = Store,
        ["etcd-keyfile"] = Store,
        ["etcd-prefix"] = Store,
        ["etcd-servers"] = Store,
        ["etcd-servers-overrides"] = Store,
        ["external-hostname"] = "--service-account-issuer and --service-account-jwks-uri say where discovery is",
        ["feature-gates"] = "which features there are is not a choice",
        ["kubelet-certificate-authority"] = Kubelets,
        ["kubelet-client-certificate"] = Kubelets,
        ["kubelet-client-key"] = Kubelets,
        ["kubelet-preferred-address-types"] = "nodes are asked at their InternalIP, or else at what they have",
        ["kubelet-timeout"] = "a node has five seconds to take a connection",
        ["kubernetes-service-node-port"] = "the Service kubernetes has no node port; silos listen at --port",
        ["lease-reuse-duration-seconds"] = "the store has no leases; --event-ttl says how long Events stay",
        ["livez-grace-period"] = "a silo is live as soon as it listens",
        ["log-flush-frequency"] = "lines are written as they come",
        ["logging-format"] = "it is always text; --otlp-logs-endpoint sends lines on",
        ["max-connection-bytes-per-sec"] = "connections are not slowed down",
        ["peer-advertise-ip"] = Peers,
        ["peer-advertise-port"] = Peers,
        ["peer-ca-file"] = Peers,
        ["permit-address-sharing"] = "silos of one machine have ports of their own",
        ["permit-port-sharing"] = "silos of one machine have ports of their own",
        ["profiling"] = "there is no profiler of Go",
        ["runtime-config"] = "which versions are served is not a choice",
        ["secure-port"] = "it is --port",
        ["service-account-lookup"] = Always,
        ["service-cluster-ip-range"] = "it is --service-cidr",
        ["service-node-port-range"] = "it is --node-port-range",
        ["show-hidden-metrics-for-version"] = Metrics,
        ["shutdown-delay-duration"] = "it is --shutdown-delay, in seconds",
        ["shutdown-send-retry-after"] = "a silo that stops finishes what it has, and its clients go to others",
        ["shutdown-watch-termination-grace-period"] = "watches end when a silo stops, and go on at others",
        ["storage-backend"] = Store,
        ["storage-media-type"] = "it is always application/json",
        ["tls-cert-file"] = "the cluster issues the API's certificate; --tls-sni-cert-key adds others, by name",
        ["tls-private-key-file"] = "the cluster issues the API's certificate; --tls-sni-cert-key adds others, by name",
        ["tracing-config-file"] = "traces go to --otlp-endpoint",
        ["v"] = "what is logged is not a matter of levels",
        ["vmodule"] = "what is logged is not a matter of levels",
        ["watch-cache"] = Caches,
        ["watch-cache-sizes"] = Caches,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>All that are answered for, without dashes.</summary>
    public static IEnumerable<string> Names => Instead.Keys;

    /// <summary>What to tell who gives one; null for what is none of upstream's.</summary>
    /// <param name="token">As it stands on the command line: <c>--etcd-servers=…</c>.</param>
    public static string? Explain(string token)
    {
        var flag = token.Split('=')[0];
        return flag.StartsWith('-') && Instead.TryGetValue(flag.TrimStart('-'), out var instead)
            ? $"{flag} of kube-apiserver is no option of orc's: {instead}."
            : null;
    }
}
