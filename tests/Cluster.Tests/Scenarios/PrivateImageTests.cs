using System.Text;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>Images of a registry that wants a login: who may run them, and what the others are told.</summary>
[Collection(ClusterTests.Name)]
public sealed class PrivateImageTests(RealCluster cluster)
{
    private const string Denied = "401 Unauthorized";

    [Fact]
    public async Task Private_images_run_for_those_with_credentials_only()
    {
        await using var space = await Space.CreateAsync(cluster, "private-images");
        await using var registry = await Registry.StartAsync(
            Path.Combine(cluster.Scratch, "private-registry"), login: true);
        var image = $"{registry.Host}/team/app:1";
        (await cluster.CtrAsync("images", "tag", Pods.Image, image)).Required.ToString();
        (
            await cluster.CtrAsync(
                "images", "push", "--plain-http", "--user", $"{Registry.User}:{Registry.Password}",
                image)).Required.ToString();
        (await cluster.CtrAsync("images", "rm", image)).Required.ToString();
        await MakeSecretsAsync(space, registry.Host);

        await Concurrently.RunAsync(
            IsRefusedAsync(space, "nobody", image, [], Denied),
            IsRefusedAsync(space, "liar", image, ["wrong"], "401 Unauthorized"),
            IsRefusedAsync(space, "stranger", image, ["elsewhere"], Denied),
            ASecretThatComesLaterHelpsAsync(space, registry.Host, image),
            space.ApplyAsync(Pod("modern", image, "IfNotPresent", ["modern"])),
            space.ApplyAsync(Pod("old", image, "Always", ["old"])),
            space.ApplyAsync(Pod("both", image, "Always", ["wrong", "modern"])),
            space.ApplyAsync(Pod("by-account", image, "Always", []) + "\n  serviceAccountName: puller"));
        await space.KubectlAsync(
            "wait", "--for=condition=Ready", "pod/modern", "pod/old", "pod/both", "pod/by-account", "--timeout=300s");

        await TheImageBeingThereIsNoPermissionAsync(space, image);
    }

    private static async Task MakeSecretsAsync(Space space, string host)
    {
        Task DockerAsync(string name, string server, string password) => space.KubectlAsync(
            "create", "secret", "docker-registry", name, $"--docker-server={server}",
            $"--docker-username={Registry.User}", $"--docker-password={password}");

        await DockerAsync("modern", $"http://{host}/v2/", Registry.Password);
        await DockerAsync("wrong", host, "not it");
        await DockerAsync("elsewhere", "127.0.0.2:5000", Registry.Password);
        var auth = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Registry.User}:{Registry.Password}"));
        var legacy = Convert.ToBase64String(
            Encoding.UTF8.GetBytes($$$"""{"127.*.0.1:{{{host.Split(':')[1]}}}/team":{"auth":"{{{auth}}}"}}"""));
        await space.ApplyAsync(Pods.Together(
            $"{{apiVersion: v1, kind: Secret, metadata: {{name: old}}, type: kubernetes.io/dockercfg, data: {{.dockercfg: {legacy}}}}}",
            "{apiVersion: v1, kind: ServiceAccount, metadata: {name: puller}, imagePullSecrets: [{name: modern}]}"));
    }

    private static async Task IsRefusedAsync(Space space, string pod, string image, string[] secrets, string why)
    {
        await space.ApplyAsync(Pod(pod, image, "IfNotPresent", secrets));
        await space.WaitAsync($"pod/{pod}", "{.status.containerStatuses[0].state.waiting.reason}=ImagePullBackOff");
        var message = await space.FieldAsync($"pod/{pod}", "{.status.containerStatuses[0].state.waiting.message}");
        Assert.StartsWith(
            $"Back-off pulling image \"{image}\": ErrImagePull: failed to pull and unpack image", message,
            StringComparison.Ordinal);
        Assert.True(message.Contains(why, StringComparison.Ordinal), message);
        Assert.Contains(
            $"Failed to pull image \"{image}\": ", await space.EventAsync(pod, "Failed", why),
            StringComparison.Ordinal);
    }

    private static async Task ASecretThatComesLaterHelpsAsync(Space space, string host, string image)
    {
        await space.ApplyAsync(Pod("early", image, "Always", ["late", "later"]));
        Assert.Equal(
            "Unable to retrieve some image pull secrets (late, later); attempting to pull the image may not succeed.",
            await space.EventAsync("early", "FailedToRetrieveImagePullSecret", ""));
        await space.KubectlAsync(
            "create", "secret", "docker-registry", "later", $"--docker-server={host}",
            $"--docker-username={Registry.User}",
            $"--docker-password={Registry.Password}");
        await space.WaitAsync("pod/early", "Ready");
    }

    private static async Task TheImageBeingThereIsNoPermissionAsync(Space space, string image)
    {
        await space.ApplyAsync(Pods.Together(
            Pod("second", image, "IfNotPresent", ["modern"]),
            Pod("guest", image, "IfNotPresent", []),
            Pod("never", image, "Never", []),
            Pod("entitled", image, "Never", ["modern"]),
            Pod("public", Pods.Image, "IfNotPresent", [])));
        await space.KubectlAsync(
            "wait", "--for=condition=Ready", "pod/second", "pod/entitled", "pod/public", "--timeout=300s");
        Assert.Contains(
            "already present on machine and can be accessed by the pod", await space.EventAsync(
                "second", "Pulled", ""), StringComparison.Ordinal);
        await space.EventAsync("guest", "Failed", Denied);
        await space.WaitAsync("pod/never", "{.status.containerStatuses[0].state.waiting.reason}=ErrImageNeverPull");
        Assert.Equal(
            $"Container image \"{image}\" is not present with pull policy of Never",
            await space.FieldAsync("pod/never", "{.status.containerStatuses[0].state.waiting.message}"));
    }

    private static string Pod(string name, string image, string policy, string[] secrets) =>
        Pods.Shell(name, Pods.Idle, more: $"imagePullPolicy: {policy}").Replace(
            Pods.Image, image, StringComparison.Ordinal) +
        $"\n  imagePullSecrets: [{string.Join(", ", secrets.Select(s => $"{{name: {s}}}"))}]";
}
