using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>
/// What a database wants: data of its own that outlives its pod, its node's agent and the control plane, written by a
/// user that is not root, and gone when its claim goes.
/// </summary>
[Collection(ClusterTests.Name)]
public sealed class StorageTests(RealCluster cluster)
{
    private const string Database = """
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db}
        spec:
          serviceName: db
          selector: {matchLabels: {app: db}}
          template:
            metadata: {labels: {app: db}}
            spec:
              terminationGracePeriodSeconds: 2
              securityContext: {runAsUser: 1000, runAsGroup: 1000, fsGroup: 2000}
              containers:
              - name: main
                image: orc.local/demo:1
                command: ["/bin/sh", "-c"]
                args: ["echo start >> /data/starts; trap 'exit 0' TERM; while true; do sleep 1 & wait $!; done"]
                volumeMounts:
                - {name: data, mountPath: /data}
                - {name: data, mountPath: /part, subPath: part}
                - {name: data, mountPath: /read, readOnly: true}
          volumeClaimTemplates:
          - metadata: {name: data}
            spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
        """;

    [Fact]
    public async Task A_database_finds_its_data_again_until_its_claim_is_deleted()
    {
        await using var space = await Space.CreateAsync(cluster, "storage");
        await space.ApplyAsync(Database);
        await ReadyAsync(space);
        Assert.Equal(
            "Bound local-path 1Gi",
            await space.FieldAsync(
                "pvc/data-db-0", "{.status.phase} {.spec.storageClassName} {.status.capacity.storage}"));
        await space.ShellAsync("db-0", "echo precious > /data/f && echo piece > /part/g && ! touch /read/x");
        Assert.Equal("1000:2000\n", await space.ShellAsync("db-0", "stat -c %u:%g /data/f"));

        await ReplaceAsync(space);
        await AssertDataAsync(space, starts: 2);

        await cluster.KillAndAwaitRestartAsync("node-agent", "node agent");
        await AssertDataAsync(space, starts: 2);
        await cluster.KillAndAwaitRestartAsync("silo", "silo");
        await ReplaceAsync(space);
        await AssertDataAsync(space, starts: 3);

        var volume = await space.FieldAsync("pvc/data-db-0", "{.spec.volumeName}");
        var directory = await space.FieldAsync($"pv/{volume}", "{.spec.local.path}");
        Assert.StartsWith(cluster.DataDirectory, directory, StringComparison.Ordinal);
        Assert.Equal("precious\n", await File.ReadAllTextAsync(Path.Combine(directory, "f")));

        await space.KubectlAsync("delete", "statefulset/db", "pvc/data-db-0", "--timeout=300s");
        await space.KubectlAsync("wait", "--for=delete", $"pv/{volume}", "--timeout=300s");
        Assert.False(Path.Exists(directory));
    }

    [Fact]
    public async Task A_retained_volume_keeps_its_data_when_its_claim_goes()
    {
        await using var space = await Space.CreateAsync(cluster, "storage-retain");
        await space.ApplyAsync(Database);
        await ReadyAsync(space);
        await space.ShellAsync("db-0", "echo precious > /data/f");
        var volume = await space.FieldAsync("pvc/data-db-0", "{.spec.volumeName}");
        var directory = await space.FieldAsync($"pv/{volume}", "{.spec.local.path}");
        await space.KubectlAsync(
            "patch", $"pv/{volume}", "-p", """{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}""");

        await space.KubectlAsync("delete", "statefulset/db", "pvc/data-db-0", "--timeout=300s");
        await space.WaitAsync($"pv/{volume}", "{.status.phase}=Released");
        await space.KubectlAsync("delete", $"pv/{volume}", "--timeout=300s");

        Assert.Equal("precious\n", await File.ReadAllTextAsync(Path.Combine(directory, "f")));
    }

    private static async Task ReadyAsync(Space space)
    {
        await space.KubectlAsync("wait", "--for=create", "pod/db-0", "--timeout=300s");
        await space.WaitAsync("pod/db-0", "Ready");
    }

    private static async Task ReplaceAsync(Space space)
    {
        await space.KubectlAsync("delete", "pod/db-0", "--timeout=300s");
        await ReadyAsync(space);
    }

    private static async Task AssertDataAsync(Space space, int starts)
    {
        Assert.Equal("precious\npiece\n", await space.ShellAsync("db-0", "cat /data/f /part/g"));
        Assert.Equal($"{starts}\n", await space.ShellAsync("db-0", "grep -c start /data/starts"));
    }
}
