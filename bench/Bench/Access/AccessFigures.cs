namespace OrleansOrchestrator.Bench.Access;

/// <summary>What deciding about a request costs beside the request, in microseconds of CPU each.</summary>
/// <param name="Authorization">Of a create by somebody with 50 bindings, more than by an administrator.</param>
/// <param name="Quota">Of a create in a namespace with a ResourceQuota, more than without.</param>
/// <param name="Audit">Of a create that is audited, more than of one that is not.</param>
/// <param name="Get">A get by somebody with 50 bindings, as a whole.</param>
public sealed record AccessFigures(double Authorization, double Quota, double Audit, double Get);

/// <summary>
/// How much longer the requests of nodes and controllers take while one client floods the API with lists: medians,
/// as multiples of those in a quiet cluster.
/// </summary>
/// <param name="Lease">Renewing a Lease, as the node.</param>
/// <param name="NodeStatus">Patching a node's status, as the node.</param>
/// <param name="Controllers">From the creation of a Deployment until its pods are ready.</param>
public sealed record FloodFigures(double Lease, double NodeStatus, double Controllers);
