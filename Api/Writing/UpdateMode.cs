namespace OrleansOrchestrator.Api.Writing;

/// <summary>How the next version of an object is made.</summary>
public enum UpdateMode
{
    /// <summary>It is given as a whole.</summary>
    Replace,

    /// <summary>
    /// From the current version, whose resourceVersion it keeps unless the patch names another. So a commit that loses
    /// a race is tried again either way: if the patch did name a revision, applying it to the newer version finds that
    /// out.
    /// </summary>
    Patch,

    /// <summary>As by a patch; without a current version it is a new object.</summary>
    Apply,
}
