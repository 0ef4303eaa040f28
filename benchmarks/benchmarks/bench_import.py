"""What does importing cost, over what a program with scikit-learn has imported anyway?"""


class Import:
    def timeraw_package(self):
        return "import gradstream", "import sklearn.base"

    def timeraw_estimators(self):
        return "from gradstream import LinearClassifier", "import sklearn.base"
