"""Do small problems pay for layers and threads?"""

from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

from gradstream import LinearClassifier, LinearRegressor

PROBLEMS = {
    "iris": (load_iris, LinearClassifier()),
    "breast_cancer": (load_breast_cancer, LinearClassifier()),
    "breast_cancer_hinge": (load_breast_cancer, LinearClassifier("hinge")),
    "breast_cancer_l1": (load_breast_cancer, LinearClassifier(penalty="l1", alpha=1e-2)),
    "diabetes": (load_diabetes, LinearRegressor()),
}


class SmallFit:
    params = (list(PROBLEMS),)
    param_names = ("problem",)

    def setup(self, problem):
        load, self.model = PROBLEMS[problem]
        self.X, self.y = load(return_X_y=True)
        assert self.model.fit(self.X, self.y).optimality_ <= self.model.tol

    def time_fit(self, problem):
        self.model.fit(self.X, self.y)

    def peakmem_fit(self, problem):
        self.model.fit(self.X, self.y)
