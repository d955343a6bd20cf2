using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Names of the built-in resources.</summary>
public static class WellKnown
{
    /// <summary>Where the nodes renew their Leases.</summary>
    public const string NodeLeaseNamespace = "kube-node-lease";

    public static readonly ResourceName Namespaces = new("", "namespaces");
    public static readonly ResourceName Bindings = new("", "bindings");
    public static readonly ResourceName ComponentStatuses = new("", "componentstatuses");
    public static readonly ResourceName Pods = new("", "pods");
    public static readonly ResourceName PodTemplates = new("", "podtemplates");
    public static readonly ResourceName ReplicationControllers = new("", "replicationcontrollers");
    public static readonly ResourceName Nodes = new("", "nodes");
    public static readonly ResourceName Services = new("", "services");
    public static readonly ResourceName Endpoints = new("", "endpoints");
    public static readonly ResourceName ConfigMaps = new("", "configmaps");
    public static readonly ResourceName Secrets = new("", "secrets");
    public static readonly ResourceName ServiceAccounts = new("", "serviceaccounts");
    public static readonly ResourceName Events = new("", "events");
    public static readonly ResourceName GroupedEvents = new("events.k8s.io", "events");
    public static readonly ResourceName EndpointSlices = new("discovery.k8s.io", "endpointslices");
    public static readonly ResourceName Deployments = new("apps", "deployments");
    public static readonly ResourceName StatefulSets = new("apps", "statefulsets");
    public static readonly ResourceName DaemonSets = new("apps", "daemonsets");
    public static readonly ResourceName ControllerRevisions = new("apps", "controllerrevisions");
    public static readonly ResourceName ReplicaSets = new("apps", "replicasets");
    public static readonly ResourceName LimitRanges = new("", "limitranges");
    public static readonly ResourceName ResourceQuotas = new("", "resourcequotas");
    public static readonly ResourceName PersistentVolumes = new("", "persistentvolumes");
    public static readonly ResourceName PersistentVolumeClaims = new("", "persistentvolumeclaims");
    public static readonly ResourceName StorageClasses = new("storage.k8s.io", "storageclasses");
    public static readonly ResourceName VolumeAttachments = new("storage.k8s.io", "volumeattachments");
    public static readonly ResourceName VolumeAttributesClasses = new("storage.k8s.io", "volumeattributesclasses");
    public static readonly ResourceName CsiDrivers = new("storage.k8s.io", "csidrivers");
    public static readonly ResourceName CsiNodes = new("storage.k8s.io", "csinodes");
    public static readonly ResourceName CsiStorageCapacities = new("storage.k8s.io", "csistoragecapacities");
    public static readonly ResourceName Ingresses = new("networking.k8s.io", "ingresses");
    public static readonly ResourceName IngressClasses = new("networking.k8s.io", "ingressclasses");
    public static readonly ResourceName NetworkPolicies = new("networking.k8s.io", "networkpolicies");
    public static readonly ResourceName IpAddresses = new("networking.k8s.io", "ipaddresses");
    public static readonly ResourceName ServiceCidrs = new("networking.k8s.io", "servicecidrs");
    public static readonly ResourceName RuntimeClasses = new("node.k8s.io", "runtimeclasses");
    public static readonly ResourceName PriorityClasses = new("scheduling.k8s.io", "priorityclasses");
    public static readonly ResourceName Jobs = new("batch", "jobs");
    public static readonly ResourceName CronJobs = new("batch", "cronjobs");
    public static readonly ResourceName HorizontalPodAutoscalers = new("autoscaling", "horizontalpodautoscalers");
    public static readonly ResourceName PodDisruptionBudgets = new("policy", "poddisruptionbudgets");
    public static readonly ResourceName Leases = new("coordination.k8s.io", "leases");
    public static readonly ResourceName ClusterRoleBindings = new("rbac.authorization.k8s.io", "clusterrolebindings");
    public static readonly ResourceName ClusterRoles = new("rbac.authorization.k8s.io", "clusterroles");
    public static readonly ResourceName RoleBindings = new("rbac.authorization.k8s.io", "rolebindings");
    public static readonly ResourceName Roles = new("rbac.authorization.k8s.io", "roles");
    public static readonly ResourceName CertificateSigningRequests = new(
        "certificates.k8s.io", "certificatesigningrequests");
    public static readonly ResourceName FlowSchemas = new("flowcontrol.apiserver.k8s.io", "flowschemas");
    public static readonly ResourceName PriorityLevelConfigurations = new(
        "flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations");
    public static readonly ResourceName DeviceClasses = new("resource.k8s.io", "deviceclasses");
    public static readonly ResourceName ResourceClaims = new("resource.k8s.io", "resourceclaims");
    public static readonly ResourceName ResourceClaimTemplates = new("resource.k8s.io", "resourceclaimtemplates");
    public static readonly ResourceName ResourceSlices = new("resource.k8s.io", "resourceslices");
    public static readonly ResourceName CustomResourceDefinitions = new(
        "apiextensions.k8s.io", "customresourcedefinitions");
    public static readonly ResourceName ApiServices = new("apiregistration.k8s.io", "apiservices");

    public static readonly ResourceName MutatingAdmissionPolicies =
        new("admissionregistration.k8s.io", "mutatingadmissionpolicies");

    public static readonly ResourceName MutatingAdmissionPolicyBindings =
        new("admissionregistration.k8s.io", "mutatingadmissionpolicybindings");

    public static readonly ResourceName MutatingWebhookConfigurations =
        new("admissionregistration.k8s.io", "mutatingwebhookconfigurations");

    public static readonly ResourceName ValidatingAdmissionPolicies =
        new("admissionregistration.k8s.io", "validatingadmissionpolicies");

    public static readonly ResourceName ValidatingAdmissionPolicyBindings =
        new("admissionregistration.k8s.io", "validatingadmissionpolicybindings");

    public static readonly ResourceName ValidatingWebhookConfigurations =
        new("admissionregistration.k8s.io", "validatingwebhookconfigurations");
    public static readonly ResourceName SelfSubjectReviews = new("authentication.k8s.io", "selfsubjectreviews");
    public static readonly ResourceName TokenReviews = new("authentication.k8s.io", "tokenreviews");

    public static readonly ResourceName LocalSubjectAccessReviews =
        new("authorization.k8s.io", "localsubjectaccessreviews");

    public static readonly ResourceName SelfSubjectAccessReviews =
        new("authorization.k8s.io", "selfsubjectaccessreviews");

    public static readonly ResourceName SelfSubjectRulesReviews =
        new("authorization.k8s.io", "selfsubjectrulesreviews");
    public static readonly ResourceName SubjectAccessReviews = new("authorization.k8s.io", "subjectaccessreviews");
}
