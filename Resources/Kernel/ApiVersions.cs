namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>The text that names a group and a version: <c>apps/v1</c>, or <c>v1</c> of the core group.</summary>
public static class ApiVersions
{
    /// <summary>What stands before the first slash, and after it.</summary>
    public static (string Group, string Version) Split(string apiVersion)
    {
        var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? ("", apiVersion) : (apiVersion[..slash], apiVersion[(slash + 1)..]);
    }
}
