namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>
/// Credentials of the node itself, for every pod's images: the first docker configuration that there is where
/// upstream's kubelet looks, which is read anew for each pull.
/// </summary>
/// <param name="rootDirectory">The kubelet's own, <c>/var/lib/kubelet</c> to most.</param>
/// <param name="homeDirectory">That of the user who runs the agent; empty for none.</param>
public sealed class NodeDockerConfiguration(string rootDirectory, string homeDirectory)
{
    /// <summary>What is configured for an image, the most specific first.</summary>
    public IReadOnlyList<PullCredential> For(string image)
    {
        var keyring = new RegistryKeyring();
        foreach (var (path, isModern) in Places())
        {
            if (Text(path) is { } text && DockerConfiguration.Read(text, isModern) is { } found)
            {
                foreach (var (registry, auth) in found)
                {
                    keyring.Add(registry, new PullCredential(auth, null));
                }

                break;
            }
        }

        return keyring.Lookup(ImageReference.Repository(image));
    }

    /// <summary>Null of a file that is not there, or that nobody may read.</summary>
    private static byte[]? Text(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllBytes(path) : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null; // the next place counts, as upstream has it
        }
    }

    private IEnumerable<(string Path, bool IsModern)> Places()
    {
        string[] modern = [rootDirectory, "", Path.Combine(homeDirectory, ".docker"), "/.docker"];
        string[] old = [rootDirectory, "", homeDirectory, "/"];
        return modern.Select(static d => (Path.Combine(d, "config.json"), true))
            .Concat(old.Select(static d => (Path.Combine(d, ".dockercfg"), false)));
    }
}
