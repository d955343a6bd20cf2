using System.Globalization;
using System.Text;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Micro;

/// <summary>Pods of the size that the load generator creates.</summary>
internal static class SamplePods
{
    /// <summary>What a client sends.</summary>
    public static byte[] Body(int number) => Text(number, "");

    /// <summary>A committed pod without a node.</summary>
    public static ResourceObject Committed(int number, long revision) => new(
        new ObjectKey("bench", Name(number)),
        Uid(number),
        revision,
        Text(number, string.Create(CultureInfo.InvariantCulture, $"\"uid\":\"{Uid(number)}\",\"resourceVersion\":\"{revision}\",")));

    public static ResourceObject Node(int number) => new(
        new ObjectKey("", string.Create(CultureInfo.InvariantCulture, $"node-{number}")),
        Uid(number),
        number + 1,
        Encoding.UTF8.GetBytes(
            """{"kind":"Node","apiVersion":"v1","metadata":{"name":"node-NUMBER"},"status":{"allocatable":{"cpu":"64","memory":"256Gi","pods":"1000"},"conditions":[{"type":"Ready","status":"True"}]}}"""
                .Replace("NUMBER", number.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)));

    private static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"pod-{number:D6}");

    private static string Uid(int number) =>
        string.Create(CultureInfo.InvariantCulture, $"00000000-0000-0000-0000-{number:D12}");

    private static byte[] Text(int number, string metadata) => Encoding.UTF8.GetBytes(
        """
        {"kind":"Pod","apiVersion":"v1","metadata":{"name":"{NAME}",{METADATA}"namespace":"bench","labels":{"app":"web","tier":"t{TIER}","shard":"s{SHARD}"},"annotations":{"example.com/owner":"team-a"}},"spec":{"serviceAccountName":"default","automountServiceAccountToken":false,"containers":[{"name":"web","image":"registry.example/web:1.2.3","command":["/bin/web","--port=8080"],"ports":[{"name":"http","containerPort":8080}],"env":[{"name":"MODE","value":"prod"},{"name":"POD_NAME","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}],"resources":{"requests":{"cpu":"10m","memory":"32Mi"},"limits":{"cpu":"100m","memory":"64Mi"}},"readinessProbe":{"httpGet":{"path":"/healthz","port":8080},"periodSeconds":5}}],"schedulerName":"default-scheduler"}}
        """
            .Replace("{NAME}", Name(number), StringComparison.Ordinal)
            .Replace("{METADATA}", metadata, StringComparison.Ordinal)
            .Replace("{TIER}", (number % 10).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("{SHARD}", (number % 100).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
}
