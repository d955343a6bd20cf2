namespace OrleansOrchestrator.TestKit;

/// <summary>Files of this repository.</summary>
public static class Repository
{
    public static string PathOf(params string[] parts)
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "OrleansOrchestrator.sln")))
        {
            directory = directory.Parent!;
        }

        return Path.Combine([directory.FullName, .. parts]);
    }
}
